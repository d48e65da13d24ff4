m.vm.provider :libvirt do |l|
  l.driver = {{driver}}
  l.uri = "qemu:///system"
  l.qemu_use_session = false
  l.default_prefix = {{prefix}}
  l.machine_type = "q35"
  l.cpu_mode = {{cpu_mode}}
  {{cpu_model}}
  l.cpus = {{cpus}}
  l.memory = {{memory}}
  {{autostart}}
  {{data}}
  {{folders}}
  {{lan}}
  {{gpu}}
  {{own}}
end
