config.vm.define {{name}} do |m|
  m.vm.hostname = {{name}}
  m.vm.box = {{box}}
  {{version}}
  m.vm.boot_timeout = {{boot_timeout}}
  {{provider}}
end
