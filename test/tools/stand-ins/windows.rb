# Lets the Hyper-V provider of a Vagrant on Linux take part: it asks the stand-in for PowerShell instead of Windows. Loaded by the tests
# in front of the Vagrantfile that `up` renders.
require Vagrant.source_root.join("plugins/providers/hyperv/provider")

VagrantPlugins::HyperV::Provider.define_singleton_method(:usable?) { |_raise = false| true }

# The settings of vagrant-parallels 2.4 (its lib/vagrant-parallels/config.rb), whose gem needs a registry that is not always there
class ParallelsConfig < Vagrant.plugin("2", :config)
  attr_accessor :check_guest_tools, :destroy_unused_network_interfaces, :functional_psf, :optimize_power_consumption, :linked_clone,
    :linked_clone_snapshot, :name, :regen_src_uuid, :update_guest_tools, :memory, :cpus

  def validate(_machine)
    { "Parallels Provider" => _detected_errors }
  end
end

class ParallelsProvider < Vagrant.plugin("2", :provider)
  def self.usable?(_raise = false)
    true
  end

  def state
    Vagrant::MachineState.new(:not_created, "not created", "")
  end
end

class ParallelsPlugin < Vagrant.plugin("2")
  name "parallels stand-in"
  config(:parallels, :provider) { ParallelsConfig }
  provider(:parallels) { ParallelsProvider }
end
