# Written by homelab-gpu next to its Vagrantfile. It adds two settings to vagrant-libvirt:
#
#   l.share_folder "/of/the/host", "homelab-gpu-TAG"   the VM gets this folder as the virtiofs device TAG
#   l.connect_lan "br0", "52:54:00:01:02:03"           the VM gets a network card with this MAC address in the
#                                                      network of this bridge, or of this interface by macvtap
#
# Each time before the VM starts, these devices in its definition are made those of the Vagrantfile.
# Vagrant's own synced_folder of type virtiofs mounts only during `vagrant up`, not when the VM boots by
# itself, and sets shared memory, which virtiofs needs, only when it creates the VM. Its public_network
# changes only a new VM.

require "rexml/document"
require "vagrant-libvirt/config"
require "vagrant-libvirt/action"

module HomelabGpu
  # The virtiofs devices of a domain, and its network card for the LAN.
  module Devices
    OWN = /\Ahomelab-gpu-/
    # an alias of the user's own begins with ua- (formatdomain.html)
    LAN = "ua-homelab-gpu-lan"

    # The path without symbolic links: virtiofsd refuses a link. Root may see more than this user.
    def self.real(from)
      File.realpath(from)
    rescue SystemCallError
      from
    end

    # Changes the definition of a domain that is off. `folders`: paths on the host by tag; `lan`: interface
    # and MAC address, or nil.
    def self.define(client, uuid, folders, lan)
      # 3: with secrets, and the definition for the next start
      text = client.lookup_domain_by_uuid(uuid).xml_desc(3)
      changed = change(text, folders, lan)
      client.define_domain_xml(changed) if changed
    end

    # The XML with these devices; nil if it has them already.
    def self.change(text, folders, lan = nil)
      xml = REXML::Document.new(text)
      xml.context[:attribute_quote] = :quote
      devices = xml.elements["domain/devices"]
      changed = [share(xml, devices, folders), connect(devices, lan)]
      xml.to_s if changed.any?
    end

    # Gives the domain these folders; whether that changed it.
    def self.share(xml, devices, folders)
      own = devices.get_elements("filesystem").select { |one| tag(one).match?(OWN) }
      has = own.to_h { |one| [tag(one), one.elements["source"]&.attributes&.[]("dir")] }
      return false if has == folders && (folders.empty? || shared_memory?(xml))
      own.each { |one| devices.delete(one) unless folders[tag(one)] == has[tag(one)] }
      folders.reject { |name, from| has[name] == from }.each { |name, from| add(devices, name, from) }
      share_memory(xml.root) unless folders.empty?
      true
    end
    private_class_method :share

    # Gives the domain this network card; whether that changed it.
    def self.connect(devices, lan)
      own = devices.get_elements("interface").select { |one| one.elements["alias"]&.attributes&.[]("name") == LAN }
      wanted = lan && [File.directory?("/sys/class/net/#{lan.first}/bridge") ? "bridge" : "direct", *lan]
      return false if own.map { |one| summary(one) } == [wanted].compact
      own.each { |one| devices.delete(one) }
      add_card(devices, *wanted) if wanted
      true
    end
    private_class_method :connect

    # Vagrant asks for the address of the first card: this one follows it
    def self.add_card(devices, type, interface, mac)
      one = devices.add_element("interface", "type" => type)
      one.add_element("mac", "address" => mac)
      one.add_element("source", type == "bridge" ? { "bridge" => interface } : { "dev" => interface, "mode" => "bridge" })
      one.add_element("model", "type" => "virtio")
      one.add_element("alias", "name" => LAN)
    end
    private_class_method :add_card

    def self.summary(interface)
      source = interface.elements["source"].attributes
      [interface.attributes["type"], source["bridge"] || source["dev"], interface.elements["mac"].attributes["address"]]
    end
    private_class_method :summary

    def self.tag(filesystem)
      filesystem.elements["target"]&.attributes&.[]("dir").to_s
    end
    private_class_method :tag

    def self.add(devices, name, from)
      one = devices.add_element("filesystem", "type" => "mount", "accessmode" => "passthrough")
      one.add_element("driver", "type" => "virtiofs")
      one.add_element("source", "dir" => from)
      one.add_element("target", "dir" => name)
    end
    private_class_method :add

    def self.shared_memory?(xml)
      xml.elements["domain/memoryBacking/access"]&.attributes&.[]("mode") == "shared"
    end
    private_class_method :shared_memory?

    # virtiofsd reads the memory of the VM, which QEMU must have as a file
    def self.share_memory(domain)
      backing = domain.elements["memoryBacking"] || domain.add_element("memoryBacking")
      backing.add_element("source", "type" => "memfd") unless backing.elements["source"] || backing.elements["hugepages"]
      access = backing.elements["access"] || backing.add_element("access")
      access.add_attribute("mode", "shared")
    end
    private_class_method :share_memory
  end

  # Before vagrant-libvirt starts a domain, which then is off.
  module ChangeDevices
    def call(env)
      machine = env[:machine]
      client = machine.provider.driver.connection.client
      config = machine.provider_config
      folders = (config.shared_folders || {}).transform_values { |from| Devices.real(from) }
      Devices.define(client, machine.id, folders, config.lan)
      super
    end
  end
end

module VagrantPlugins
  module ProviderLibvirt
    class Config
      attr_accessor :shared_folders, :lan

      def share_folder(from, tag)
        @shared_folders = (@shared_folders || {}).merge(tag => from)
      end

      def connect_lan(interface, mac)
        @lan = [interface, mac]
      end
    end

    Action::StartDomain.prepend(HomelabGpu::ChangeDevices)
  end
end
