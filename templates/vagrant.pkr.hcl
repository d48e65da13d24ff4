# Builds a Vagrant box from a published one. The values of the variables are in
# values.auto.pkrvars.json.

variable "source" { type = string }
variable "checksum" { type = string }
variable "provider" { type = string }
variable "scripts" { type = list(string) }
variable "environment" { type = list(string) }

source "vagrant" "box" {
  communicator    = "ssh"
  source_path     = var.source
  checksum        = var.checksum
  provider        = var.provider
  add_force       = true
  output_dir      = "output"
  teardown_method = "destroy"
}

build {
  sources = ["source.vagrant.box"]

  provisioner "shell" {
    scripts             = var.scripts
    environment_vars    = var.environment
    execute_command     = "chmod +x '{{ .Path }}'; sudo env {{ .Vars }} '{{ .Path }}'"
    start_retry_timeout = "10m"
  }
}
