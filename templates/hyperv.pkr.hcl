# Builds a Vagrant box for Hyper-V from a virtual hard disk. The values of the variables are in
# values.auto.pkrvars.json; prepare-build.ps1 writes the switch.

variable "cpus" { type = number }
variable "memory" { type = number }
variable "disk_image" { type = string }
variable "seed" { type = string }
variable "vm_name" { type = string }
variable "scripts" { type = list(string) }
variable "environment" { type = list(string) }
variable "switch_name" {
  type    = string
  default = ""
}

source "hyperv-iso" "box" {
  # Packer makes a copy of a file that ends in .vhdx the disk of the VM
  iso_url              = var.disk_image
  iso_checksum         = "none"
  secondary_iso_images = [var.seed]
  output_directory     = "output"
  vm_name              = var.vm_name
  switch_name          = var.switch_name

  generation           = 2
  first_boot_device    = "SCSI:0:0"
  guest_additions_mode = "none"
  # with Secure Boot the guest would refuse kernel modules that are built in it
  enable_secure_boot = false
  cpus               = var.cpus
  memory             = var.memory
  headless           = true
  boot_wait          = "1s"

  ssh_username         = "vagrant"
  ssh_private_key_file = "seed/key"
  # the guest has an address in Hyper-V when its first boot has installed the daemon for it
  ssh_timeout      = "30m"
  shutdown_command = "sudo shutdown -P now"
}

build {
  sources = ["source.hyperv-iso.box"]

  provisioner "shell" {
    scripts             = var.scripts
    environment_vars    = var.environment
    execute_command     = "chmod +x '{{ .Path }}'; sudo env {{ .Vars }} '{{ .Path }}'"
    start_retry_timeout = "10m"
  }

  post-processor "vagrant" {
    output            = "box.box"
    compression_level = 0
  }
}
