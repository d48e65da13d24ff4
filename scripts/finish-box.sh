#!/bin/sh
# The last script of a box build. It installs Vagrant's insecure public key for the first login,
# which Vagrant replaces by a new key, and deletes what this build left in the guest.
set -eu

# public key of the insecure key pair, github.com/hashicorp/vagrant/tree/main/keys
key='ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ== vagrant insecure public key'
printf '%s\n' "$key" >/home/vagrant/.ssh/authorized_keys
chown vagrant:vagrant /home/vagrant/.ssh/authorized_keys
chmod 600 /home/vagrant/.ssh/authorized_keys

if command -v cloud-init >/dev/null; then
  cloud-init clean --logs >/dev/null 2>&1 || true
  touch /etc/cloud/cloud-init.disabled
  # cloud-init configured this build's network card; a VM of this box has another one
  if [ -d /etc/netplan ]; then
    rm -f /etc/netplan/50-cloud-init.yaml
    printf 'network: {version: 2, ethernets: {all: {match: {name: "e*"}, dhcp4: true, dhcp-identifier: mac}}}\n' \
      >/etc/netplan/60-any-card.yaml
    chmod 600 /etc/netplan/60-any-card.yaml
  fi
fi
rm -rf /run/homelab-gpu
rm -f /etc/udev/rules.d/70-seed-keys.rules /etc/systemd/system/seed-keys.service /usr/local/sbin/seed-keys
if command -v apt-get >/dev/null; then
  apt-get clean
  rm -rf /var/lib/apt/lists/*
fi
rm -f /etc/ssh/ssh_host_* /var/lib/systemd/random-seed /root/.bash_history
: >/etc/machine-id
rm -rf /tmp/* /var/tmp/*
if command -v fstrim >/dev/null; then fstrim / || true; fi
sync
