# Written by homelab-gpu next to its Vagrantfile. Vagrant's Hyper-V provider does not support GPUs.
# This file adds the settings below and applies them each time before the VM starts, with one call
# of hyperv_gpu.ps1.
#
#   h.gpu_partition_adapter = true   the VM gets a partition of the card (GPU-P)
#   h.gpu_partition_count = N        the number of partitions of the card; 1 keeps the current number
#   h.gpu_assigned = true            the VM gets the whole card (Discrete Device Assignment, Windows
#                                    Server)
#   h.gpu_vendor_id, h.gpu_device_id the PCI ids of the card
#   h.gpu_instance                   the last part of the card's instance id

require Vagrant.source_root.join("plugins/providers/hyperv/config")
require Vagrant.source_root.join("plugins/providers/hyperv/action")

module VagrantPlugins
  module HyperV
    class Config
      attr_accessor :gpu_partition_adapter, :gpu_partition_count, :gpu_assigned
      attr_accessor :gpu_vendor_id, :gpu_device_id, :gpu_instance
    end
  end
end

module HomelabGpu
  class Error < Vagrant::Errors::VagrantError
    def initialize(text)
      @text = text
      super
    end

    def error_message
      @text
    end
  end

  # One VM and its card.
  class Card
    def initialize(machine, ui)
      @machine = machine
      @config = machine.provider_config
      @ui = ui
    end

    def ready
      mode = @config.gpu_partition_adapter ? "partition" : @config.gpu_assigned && "passthrough"
      # the config no longer gives it a card: the host gets back the one that the VM has
      return back unless mode
      run("give", "-Mode", mode, "-Id", @machine.id, *option("Vendor", @config.gpu_vendor_id),
        *option("Device", @config.gpu_device_id), *option("Instance", @config.gpu_instance),
        *option("Count", @config.gpu_partition_count))
    end

    # A VM that is no longer in the config can have a card, too
    def back
      return unless @config.gpu_assigned || File.exist?(record)
      run("back", "-Id", @machine.id)
    end

    private

    # Not in Vagrant's folder of the machine, which Vagrant empties when it deletes the VM
    def record
      File.join(__dir__, "cards", "#{@machine.name}.txt")
    end

    def option(name, value)
      value.to_s.empty? ? [] : ["-#{name}", value.to_s]
    end

    def run(*words)
      lines = +""
      result = Vagrant::Util::Subprocess.execute(
        Vagrant::Util::PowerShell.executable, "-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass",
        "-File", File.join(__dir__, "hyperv_gpu.ps1"), *words, "-Record", record,
        notify: [:stdout, :stderr]
      ) do |stream, data|
        next unless stream == :stdout
        lines << data
        while (line = lines.slice!(/\A.*\n/))
          @ui.info(line.strip)
        end
      end
      return if result.exit_code == 0
      why = result.stderr.strip
      raise Error, why.empty? ? "homelab-gpu: PowerShell failed with code #{result.exit_code}" : why
    end
  end

  # Runs before the VM starts, after Vagrant's Configure, which sets memory, stop action and
  # checkpoints at each start.
  class Ready
    def initialize(app, env)
      @app = app
    end

    def call(env)
      Card.new(env[:machine], env[:ui]).ready
      @app.call(env)
    end
  end

  # Runs after the VM is stopped and before it is deleted.
  class Back
    def initialize(app, env)
      @app = app
    end

    def call(env)
      Card.new(env[:machine], env[:ui]).back
      @app.call(env)
    end
  end

  class Plugin < Vagrant.plugin("2")
    name "homelab-gpu"
    description "Assigns GPUs to Hyper-V VMs"

    [:machine_action_up, :machine_action_reload].each do |action|
      action_hook("homelab_gpu", action) { |hook| hook.before(VagrantPlugins::HyperV::Action::StartInstance, Ready) }
    end
    action_hook("homelab_gpu", :machine_action_destroy) do |hook|
      hook.before(VagrantPlugins::HyperV::Action::DeleteVM, Back)
    end
  end
end
