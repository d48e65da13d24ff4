# Written by homelab-gpu beside its Vagrantfile. Vagrant's Hyper-V provider knows no GPU: this gives its config the settings that the
# Vagrantfile uses, and makes them real each time before the VM starts. Whatever it finds done already it leaves alone.
#
# h.gpu_partition_adapter = true   the VM gets a part of the card (GPU-P)
# h.gpu_partition_count = N        into how many parts the host divides the card; 1 leaves the card's own count alone
# h.gpu_assigned = true            the VM gets the whole card (Discrete Device Assignment, Windows Server)
# h.gpu_vendor_id, h.gpu_device_id, h.gpu_instance   which card: PCI ids, and the last part of its instance id

require "base64"
require "json"
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
      "homelab-gpu: #{@text}"
    end
  end

  # Hyper-V's cmdlets, one question or change a call.
  module PowerShell
    # In single quotes PowerShell gives a meaning to the quotes alone, and takes four typographic ones for them too
    # (about_Quoting_Rules; CharExtensions.IsSingleQuote)
    def self.quote(value)
      "'#{value.to_s.gsub(/['\u2018-\u201b]/) { |mark| mark * 2 }}'"
    end

    # A command line would be taken apart by two programs with rules of their own, and base64 by none
    def self.run(text)
      script = "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'; " \
        "[Console]::OutputEncoding = [Text.Encoding]::UTF8; #{text}"
      encoded = Base64.strict_encode64(script.encode("UTF-16LE"))
      result = Vagrant::Util::Subprocess.execute(
        Vagrant::Util::PowerShell.executable,
        "-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand", encoded,
        notify: [:stdout, :stderr]
      )
      return result.stdout.strip if result.exit_code == 0
      # with an encoded command Windows PowerShell wraps its errors in CLIXML, which begins with a line of its own
      why = result.stderr.sub(/\A#< CLIXML\r?\n/, "").gsub(/<[^>]*>|_x000D__x000A_/, " ").squeeze(" ").strip
      raise Error, "PowerShell: #{why.empty? ? "failed with code #{result.exit_code}" : why}\n  #{text}"
    end

    # Lists of one come as the thing itself, empty ones as nothing
    def self.list(text)
      out = run("#{text} | ConvertTo-Json -Compress -Depth 3")
      out.empty? ? [] : [JSON.parse(out)].flatten.compact
    end
  end

  # One VM and its card.
  class Card
    def initialize(machine, ui)
      @config = machine.provider_config
      @vm = "-VM (Get-VM -Id #{PowerShell.quote(machine.id)})"
      @ui = ui
    end

    def ready
      if @config.gpu_partition_adapter
        partition
      elsif @config.gpu_assigned
        assign
      end
    end

    # A card that was assigned goes back to the host
    def back
      return unless @config.gpu_assigned
      PowerShell.list("Get-VMAssignableDevice #{@vm} | Select-Object 'InstanceID', 'LocationPath'").each do |device|
        path = PowerShell.quote(device["LocationPath"])
        PowerShell.run("Remove-VMAssignableDevice #{@vm} -LocationPath #{path}")
        PowerShell.run("Mount-VMHostAssignableDevice -LocationPath #{path}")
      end
      device = present.first
      PowerShell.run("Enable-PnpDevice -InstanceId #{PowerShell.quote(device)} -Confirm:$false") if device
    end

    private

    # \\?\PCI#VEN_10DE&DEV_2786&SUBSYS_…&REV_A1#4&275d7527&0&0010#{…}\GPUPARAV, and PCI\VEN_10DE&DEV_2786&…\4&275D7527&0&0010
    def mine?(path)
      _, hardware, instance = path.split(/[#\\]+/).drop_while { |part| part !~ /PCI\z/i }
      ids = [@config.gpu_vendor_id && "VEN_#{@config.gpu_vendor_id}", @config.gpu_device_id && "DEV_#{@config.gpu_device_id}"]
      ids.compact.all? { |id| hardware.to_s.upcase.split("&").include?(id.upcase) } &&
        (@config.gpu_instance.nil? || instance.to_s.casecmp?(@config.gpu_instance))
    end

    def one(cards, what)
      return cards.first if cards.length == 1
      ids = [@config.gpu_vendor_id, @config.gpu_device_id || "*"].join(":")
      raise Error, cards.empty? ? "no #{what} #{ids} on this host" : "#{cards.length} cards are #{ids}: write address: to say which"
    end

    def partition
      # Windows 11 and Server 2022 have the first, Windows 10 the second
      cmdlet = PowerShell.run("@('Get-VMHostPartitionableGpu', 'Get-VMPartitionableGpu') | " \
        "Where-Object { Get-Command $_ -ErrorAction SilentlyContinue } | Select-Object -First 1")
      raise Error, "this Windows has no cmdlet for partitionable GPUs: turn Hyper-V with its PowerShell module on" if cmdlet.empty?
      chooses = PowerShell.run("(Get-Command Add-VMGpuPartitionAdapter).Parameters.ContainsKey('InstancePath')") == "True"
      # counts as words: Windows PowerShell wraps lists within lists in different ways
      counts = "@{ Name = 'Counts'; Expression = { $_.ValidPartitionCounts -join ' ' } }"
      cards = PowerShell.list("#{cmdlet} | Select-Object 'Name', 'PartitionCount', #{counts}")
      card = one(cards.select { |found| mine?(found["Name"]) }, "card that Hyper-V can divide is")
      if !chooses && cards.length > 1
        raise Error, "Windows 10 cannot choose among #{cards.length} cards that can be divided: take out or disable the others"
      end
      divide(card, cmdlet.sub("Get-", "Set-"))
      adapt(card["Name"], chooses)
      # room as Microsoft's page on GPU paravirtualization gives it; what somebody has set by hand, for a CPU of few address bits, stays
      PowerShell.run("$vm = #{vm}; Set-VM -VM $vm -GuestControlledCacheTypes $true -LowMemoryMappedIoSpace 1GB; " \
        "if ($vm.HighMemoryMappedIoSpace -le 536870912) { Set-VM -VM $vm -HighMemoryMappedIoSpace 32GB }")
      bare
    end

    def divide(card, cmdlet)
      count = @config.gpu_partition_count.to_i
      return if count <= 1 || card["PartitionCount"] == count
      valid = card["Counts"].to_s.split.map(&:to_i)
      unless valid.include?(count)
        raise Error, "gpu_partition_count #{count}: this card can be divided into #{valid.sort.join(", ")} parts"
      end
      @ui.info("Dividing the card into #{count} parts...")
      PowerShell.run("#{cmdlet} -Name #{PowerShell.quote(card["Name"])} -PartitionCount #{count}")
    end

    def adapt(path, chooses)
      there = PowerShell.list("Get-VMGpuPartitionAdapter #{@vm} | Select-Object 'Id', 'InstancePath'")
      # Windows 10 does not tell which card an adapter is of: an old one may be of a card that is gone
      good, stale = there.partition { |adapter| chooses && adapter["InstancePath"].to_s.casecmp?(path) }
      stale += good.drop(1)
      PowerShell.run("Get-VMGpuPartitionAdapter #{@vm} | Where-Object { @(#{stale.map { |one| PowerShell.quote(one["Id"]) }.join(", ")}) -contains $_.Id } | Remove-VMGpuPartitionAdapter") if stale.any?
      return if good.any?
      @ui.info("Giving the VM a part of the card...")
      PowerShell.run("Add-VMGpuPartitionAdapter #{@vm}#{" -InstancePath #{PowerShell.quote(path)}" if chooses}")
    end

    # The driver is built in the guest and signed by nobody that the firmware knows
    def bare
      PowerShell.run("$vm = #{vm}; if ($vm.Generation -ne 2) { throw 'a VM with a GPU must be of generation 2: take another box' }; " \
        "if ((Get-VMFirmware -VM $vm).SecureBoot -ne 'Off') { Set-VMFirmware -VM $vm -EnableSecureBoot Off }")
    end

    def vm
      @vm.sub("-VM ", "")
    end

    def present
      PowerShell.list("Get-PnpDevice -PresentOnly -Class Display | Select-Object InstanceId").map { |found| found["InstanceId"] }
        .select { |id| mine?(id) }
    end

    def assign
      there = PowerShell.list("Get-VMAssignableDevice #{@vm} | Select-Object 'InstanceID', 'LocationPath'")
      return if there.any? { |device| mine?(device["InstanceID"].sub("PCIP", "PCI")) }
      device = one(present, "card")
      location = PowerShell.run("(Get-PnpDeviceProperty -InstanceId #{PowerShell.quote(device)} DEVPKEY_Device_LocationPaths).Data[0]")
      PowerShell.run("Set-VM #{@vm} -AutomaticStopAction TurnOff -GuestControlledCacheTypes $true -LowMemoryMappedIoSpace 3GB -HighMemoryMappedIoSpace 33280MB")
      bare
      @ui.info("Taking the card from the host...")
      PowerShell.run("Disable-PnpDevice -InstanceId #{PowerShell.quote(device)} -Confirm:$false")
      PowerShell.run("Dismount-VMHostAssignableDevice -Force -LocationPath #{PowerShell.quote(location)}")
      PowerShell.run("Add-VMAssignableDevice #{@vm} -LocationPath #{PowerShell.quote(location)}")
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
