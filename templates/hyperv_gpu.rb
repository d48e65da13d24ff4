# Written by homelab-gpu beside its Vagrantfile. Vagrant's Hyper-V provider knows no GPU: this gives its config the settings that the
# Vagrantfile uses, and makes them real each time before the VM starts. hyperv_gpu.ps1, beside it, does the work in one call.
#
# h.gpu_partition_adapter = true   the VM gets a part of the card (GPU-P)
# h.gpu_partition_count = N        into how many parts the host divides the card; 1 leaves the card's own count alone
# h.gpu_assigned = true            the VM gets the whole card (Discrete Device Assignment, Windows Server)
# h.gpu_vendor_id, h.gpu_device_id, h.gpu_instance   which card: PCI ids, and the last part of its instance id

require Vagrant.source_root.join("plugins/providers/hyperv/config")
require Vagrant.source_root.join("plugins/providers/hyperv/action")

module VagrantPlugins
  module HyperV
    class Config
      attr_accessor :gpu_partition_adapter, :gpu_partition_count, :gpu_assigned, :gpu_vendor_id, :gpu_device_id, :gpu_instance
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
      return unless mode
      run("give", "-Mode", mode, "-Id", @machine.id, *option("Vendor", @config.gpu_vendor_id), *option("Device", @config.gpu_device_id),
        *option("Instance", @config.gpu_instance), *option("Count", @config.gpu_partition_count))
    end

    # A VM that the config has no longer may have a card, too
    def back
      return unless @config.gpu_assigned || File.exist?(record)
      run("back", "-Id", @machine.id)
    end

    private

    # Outside Vagrant's own folder of the machine, which it empties when the VM is gone
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

  # Before the VM starts. Vagrant's Configure sets memory, stop action and checkpoints at each start, and runs first.
  class Ready
    def initialize(app, env)
      @app = app
    end

    def call(env)
      Card.new(env[:machine], env[:ui]).ready
      @app.call(env)
    end
  end

  # Before the VM is deleted, and after it was stopped.
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
    description "Gives Hyper-V VMs the GPU that their Vagrantfile asks for"

    [:machine_action_up, :machine_action_reload].each do |action|
      action_hook("homelab_gpu", action) { |hook| hook.before(VagrantPlugins::HyperV::Action::StartInstance, Ready) }
    end
    action_hook("homelab_gpu", :machine_action_destroy) { |hook| hook.before(VagrantPlugins::HyperV::Action::DeleteVM, Back) }
  end
end
