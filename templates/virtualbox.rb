m.vm.provider :virtualbox do |v|
  v.name = {{vmname}}
  v.linked_clone = true
  v.check_guest_additions = false
  v.cpus = {{cpus}}
  v.memory = {{memory}}
  {{gpu}}
end
