# `packer init` installs these plugins (Packer 1.7 and later). Older versions have them built in and
# do not support this block.
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
