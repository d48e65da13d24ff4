# Written by homelab-gpu next to its Vagrantfile. It adds one setting to vagrant-libvirt:
#
#   l.share_folder "/of/the/host", "homelab-gpu-TAG"   the VM gets this folder as the virtiofs device TAG
#
# Each time before the VM starts, the devices in its definition are made those of the Vagrantfile.
# Vagrant's own synced_folder of type virtiofs mounts only during `vagrant up`, not when the VM boots by
# itself, and sets shared memory, which virtiofs needs, only when it creates the VM.

require "rexml/document"
require "vagrant-libvirt/config"
require "vagrant-libvirt/action"

module HomelabGpu
  # The virtiofs devices of a domain.
  module Folders
    OWN = /\Ahomelab-gpu-/

    # The path without symbolic links: virtiofsd refuses a link. Root may see more than this user.
    def self.real(from)
      File.realpath(from)
    rescue SystemCallError
      from
    end

    # Changes the definition of a domain that is off. `folders`: paths on the host by tag.
    def self.define(client, uuid, folders)
      # 3: with secrets, and the definition for the next start
      text = client.lookup_domain_by_uuid(uuid).xml_desc(3)
      changed = change(text, folders)
      client.define_domain_xml(changed) if changed
    end

    # The XML with these devices; nil if it has them already.
    def self.change(text, folders)
      xml = REXML::Document.new(text)
      xml.context[:attribute_quote] = :quote
      devices = xml.elements["domain/devices"]
      own = devices.get_elements("filesystem").select { |one| tag(one).match?(OWN) }
      has = own.to_h { |one| [tag(one), one.elements["source"]&.attributes&.[]("dir")] }
      return if has == folders && (folders.empty? || shared_memory?(xml))
      own.each { |one| devices.delete(one) unless folders[tag(one)] == has[tag(one)] }
      folders.reject { |name, from| has[name] == from }.each { |name, from| add(devices, name, from) }
      share_memory(xml.root) unless folders.empty?
      xml.to_s
    end

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
  module ShareFolders
    def call(env)
      machine = env[:machine]
      client = machine.provider.driver.connection.client
      folders = (machine.provider_config.shared_folders || {}).transform_values { |from| Folders.real(from) }
      Folders.define(client, machine.id, folders)
      super
    end
  end
end

module VagrantPlugins
  module ProviderLibvirt
    class Config
      attr_accessor :shared_folders

      def share_folder(from, tag)
        @shared_folders = (@shared_folders || {}).merge(tag => from)
      end
    end

    Action::StartDomain.prepend(HomelabGpu::ShareFolders)
  end
end
