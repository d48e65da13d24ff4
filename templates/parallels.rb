m.vm.provider :parallels do |p|
  p.name = {{vmname}}
  p.linked_clone = true
  p.check_guest_tools = false
  p.cpus = {{cpus}}
  p.memory = {{memory}}
end
