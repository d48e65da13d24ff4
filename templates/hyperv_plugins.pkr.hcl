# `packer init` installs these plugins (Packer 1.7 and later). Older versions have them built in and
# do not support this block.
packer {
  required_plugins {
    hyperv = {
      source  = "github.com/hashicorp/hyperv"
      version = ">= 1.1.0"
    }
    vagrant = {
      source  = "github.com/hashicorp/vagrant"
      version = ">= 1.1.1"
    }
  }
}
