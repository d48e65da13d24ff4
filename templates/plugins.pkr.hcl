# Packer 1.7 and later get their plugins by `packer init`; older ones have them built in and know no such block.
packer {
  required_plugins {
    qemu = {
      source  = "github.com/hashicorp/qemu"
      version = ">= 1.0.9"
    }
    vagrant = {
      source  = "github.com/hashicorp/vagrant"
      version = ">= 1.1.1"
    }
  }
}
