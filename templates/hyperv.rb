# without this line Vagrant asks which switch to use if there are several
m.vm.network :public_network, bridge: {{switch}}
m.vm.provider :hyperv do |h|
  h.vmname = {{vmname}}
  h.linked_clone = true
  h.cpus = {{cpus}}
  h.memory = {{memory}}
  {{gpu}}
end
