# The tiny box's own Vagrantfile: its guest starts from a kernel and an initramfs that lie on the emulated host, not from its disk.
Vagrant.configure("2") do |config|
  config.vm.guest = :linux
  config.ssh.shell = "sh"
  config.ssh.insert_key = false
  config.vm.provider :libvirt do |l|
    l.kernel = "/srv/tiny/vmlinuz"
    l.initrd = "/srv/tiny/initrd"
    # without KVM's paravirtualization the kernel tests its timer, and on a busy host it then stops
    l.cmd_line = "quiet no_timer_check panic=1"
    # QEMU's emulated SVM aborts when a guest of KVM writes CR8 while an interrupt waits for it (cpu_interrupt without its lock), which
    # OVMF does at every tick. With the interrupt controller outside of KVM, KVM intercepts that; its clock and the like then have to go
    %w[-machine kernel-irqchip=off -global host-x86_64-cpu.kvm=off].each { |word| l.qemuargs value: word }
  end
end
