# Builds a Vagrant box for libvirt from a disk image. The values of the variables are in
# values.auto.pkrvars.json.

variable "accelerator" { type = string }
variable "cpu_model" { type = string }
variable "cpus" { type = number }
variable "memory" { type = number }
variable "disk_image" { type = string }
variable "disk_size" { type = string }
variable "scripts" { type = list(string) }
variable "environment" { type = list(string) }

source "qemu" "box" {
  disk_image       = true
  iso_url          = var.disk_image
  iso_checksum     = "none"
  output_directory = "output"
  vm_name          = "box.qcow2"
  format           = "qcow2"
  disk_size        = var.disk_size
  disk_interface   = "virtio"
  # the guest's flushes are skipped: the disk of a build that does not end is discarded
  disk_cache       = "unsafe"
  disk_compression = true
  net_device       = "virtio-net"

  accelerator      = var.accelerator
  machine_type     = "q35"
  memory           = var.memory
  headless         = true
  boot_wait        = "1s"
  vnc_bind_address = "127.0.0.1"
  qemuargs         = [["-cpu", var.cpu_model], ["-smp", "${var.cpus}"], ["-device", "virtio-rng-pci"]]

  cd_files = ["seed/user-data", "seed/meta-data", "seed/authorized_keys"]
  cd_label = "cidata"

  ssh_username         = "vagrant"
  ssh_private_key_file = "seed/key"
  ssh_timeout          = "20m"
  shutdown_command     = "sudo shutdown -P now"
}

build {
  sources = ["source.qemu.box"]

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
