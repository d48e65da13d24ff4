# The tiny box's own Vagrantfile: its guest starts from a kernel and an initramfs that lie on the emulated host, not from its disk.
Vagrant.configure("2") do |config|
  config.vm.guest = :linux
  config.ssh.shell = "sh"
  config.ssh.insert_key = false
  config.vm.provider :libvirt do |l|
    l.kernel = "/srv/tiny/vmlinuz"
    l.initrd = "/srv/tiny/initrd"
    l.cmd_line = "quiet"
  end
end
