# Prints what matters on this Windows host for passing a GPU to a VM, without judging it. For
# Windows PowerShell 5.1 and PowerShell 7, as a file or from standard input:
#
#   powershell -ExecutionPolicy Bypass -File probe-windows.ps1
#
# It changes nothing and reads no secret. It leaves out serial numbers, MAC addresses, host and user
# names. The format is that of probe-linux.sh: the first line names it, then come sections [NAME]
# with lines KEY:VALUE. A fact that could not be read has no line. An administrator can read more.

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
try { [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false } catch { }

function Write-Section($name) { Write-Output "[$name]" }
function Write-Fact($key, $value) {
    if ($null -ne $value -and "$value" -ne '') {
        Write-Output ("{0}:{1}" -f $key, ("$value" -replace '\s+', ' ').Trim())
    }
}
function Write-Flag($key, $value) {
    if ($value -eq $true) { Write-Fact $key 'yes' } elseif ($value -eq $false) { Write-Fact $key 'no' }
}
# The result of a script block, or nothing if it fails
function Read-Or($block) { try { & $block } catch { $null } }
function Hide-User($path) {
    $text = "$path"
    if ($env:USERPROFILE) { $text = $text.Replace($env:USERPROFILE, '~') }
    $text
}

Write-Output 'homelab-gpu-probe 1 windows'

$os = Read-Or { Get-CimInstance Win32_OperatingSystem }
$computer = Read-Or { Get-CimInstance Win32_ComputerSystem }
$processor = Read-Or { @(Get-CimInstance Win32_Processor)[0] }
$architectures = @{ 'AMD64' = 'x86_64'; 'ARM64' = 'aarch64'; 'x86' = 'i686' }

# no update checks by Vagrant and Packer
$env:CHECKPOINT_DISABLE = '1'
$env:VAGRANT_CHECKPOINT_DISABLE = '1'

Write-Section 'os'
Write-Fact 'ID' 'windows'
if ($os) {
    Write-Fact 'PRETTY_NAME' $os.Caption
    Write-Fact 'VERSION_ID' $os.Version
}
$own = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
Write-Fact 'arch' $architectures["$own"]
if ($computer) {
    Write-Fact 'dmi-sys_vendor' $computer.Manufacturer
    Write-Fact 'dmi-product_name' $computer.Model
}
Write-Flag 'secure-boot' (Read-Or {
    (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\SecureBoot\State').UEFISecureBootEnabled -eq 1
})

Write-Section 'cpu'
if ($processor) {
    Write-Fact 'vendor' $processor.Manufacturer
    Write-Fact 'model' $processor.Name
}
if ($computer) { Write-Fact 'count' $computer.NumberOfLogicalProcessors }
# while a hypervisor runs, the entry of the processor does not show the setting of the firmware
if ($computer -and $computer.HypervisorPresent) { Write-Fact 'virtualization' 'yes' }
elseif ($processor) { Write-Flag 'virtualization' $processor.VirtualizationFirmwareEnabled }

if ($os) {
    Write-Section 'memory'
    Write-Fact 'MemTotal' $os.TotalVisibleMemorySize
    Write-Fact 'MemAvailable' $os.FreePhysicalMemory
}

Write-Section 'disk'
# VM disks are next to the lab's Vagrantfile
function Write-Room($key, $path) {
    $drive = Read-Or { (Split-Path -Qualifier $path) }
    if ($drive) {
        $free = Read-Or { (Get-CimInstance Win32_LogicalDisk -Filter "DeviceID='$drive'").FreeSpace }
        if ($null -ne $free) { Write-Fact $key ([math]::Floor($free / 1024)) }
    }
}
$here = (Get-Location).Path
Write-Room 'images' $here
Write-Room 'cache' $(if ($env:VAGRANT_HOME) { $env:VAGRANT_HOME } else { $env:USERPROFILE })
Write-Room 'here' $here

Write-Section 'windows'
$current = Read-Or { Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' }
if ($current) {
    Write-Fact 'edition' $current.EditionID
    Write-Fact 'build' $current.CurrentBuildNumber
}
if ($os) { Write-Fact 'product' $os.ProductType }
$identity = Read-Or { [Security.Principal.WindowsIdentity]::GetCurrent() }
if ($identity) {
    $principal = New-Object Security.Principal.WindowsPrincipal $identity
    Write-Flag 'elevated' ($principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator))
    # SID of the group Hyper-V Administrators, whose name depends on the language
    Write-Flag 'hyperv-rights' ([bool]($identity.Groups | Where-Object { $_.Value -eq 'S-1-5-32-578' }))
}
$feature = Read-Or { Get-CimInstance Win32_OptionalFeature -Filter "Name='Microsoft-Hyper-V'" }
if ($feature) { Write-Flag 'hyperv' ($feature.InstallState -eq 1) }
# it can be turned off at boot, although Hyper-V is turned on (bcdedit, hypervisorlaunchtype)
if ($computer) { Write-Flag 'hypervisor' $computer.HypervisorPresent }
$vmms = Read-Or { , @(Get-CimInstance Win32_Service -Filter "Name='vmms'") }
if ($null -ne $vmms) { Write-Fact 'service' $(if ($vmms.Count -gt 0) { $vmms[0].State } else { 'missing' }) }
$guard = Read-Or { Get-CimInstance -Namespace 'root\Microsoft\Windows\DeviceGuard' -ClassName Win32_DeviceGuard }
if ($guard) { Write-Fact 'vbs' $guard.VirtualizationBasedSecurityStatus }
Write-Flag 'libraries' (Test-Path "$env:SystemRoot\System32\lxss\lib\libdxcore.so")

$cmdlet = 'Get-VMHostPartitionableGpu', 'Get-VMPartitionableGpu' |
    Where-Object { Get-Command $_ -ErrorAction SilentlyContinue } | Select-Object -First 1
if ($cmdlet) {
    Write-Fact 'cmdlet' $cmdlet
    $add = Read-Or { Get-Command Add-VMGpuPartitionAdapter }
    if ($add) { Write-Flag 'choice' ($add.Parameters.ContainsKey('InstancePath')) }
    try {
        $cards = @(& $cmdlet)
        Write-Fact 'partitionable-read' 'yes'
        foreach ($card in $cards) {
            $counts = $card.ValidPartitionCounts -join ','
            Write-Fact 'partitionable' ("{0}|{1}|{2}" -f $card.Name, $counts, $card.PartitionCount)
        }
    } catch {
        Write-Fact 'partitionable-error' $_.Exception.Message
    }
}
if (Get-Command Get-VMSwitch -ErrorAction SilentlyContinue) {
    $switches = Read-Or { , @(Get-VMSwitch) }
    if ($null -ne $switches) {
        Write-Fact 'switches-read' 'yes'
        foreach ($one in $switches) { Write-Fact 'switch' ("{0}|{1}|{2}" -f $one.Id, $one.SwitchType, $one.Name) }
    }
}
# network drives of this user, which other users, such as Hyper-V's, do not have
$drives = Read-Or { , @(Get-CimInstance Win32_LogicalDisk -Filter "DriveType='4'") }
if ($null -ne $drives) {
    Write-Fact 'drives-read' 'yes'
    foreach ($drive in $drives) { Write-Fact 'network-drive' $drive.DeviceID }
}
# Vagrant refuses a folder without rights for SYSTEM, which Hyper-V runs as: its subfolders get those of this folder
$rules = Read-Or { , @((Get-Acl -LiteralPath $here).Access) }
if ($null -ne $rules) {
    $system = @($rules | Where-Object {
        "$($_.AccessControlType)" -eq 'Allow' -and "$($_.FileSystemRights)" -match 'FullControl' -and
            "$($_.InheritanceFlags)" -match 'ContainerInherit' -and
            (Read-Or { $_.IdentityReference.Translate([Security.Principal.SecurityIdentifier]).Value }) -eq 'S-1-5-18'
    })
    Write-Flag 'system-access' ($system.Count -gt 0)
}
# the folder of Vagrant's boxes, with x for each letter and digit, and u for those outside ASCII
$boxes = if ($env:VAGRANT_HOME) { $env:VAGRANT_HOME } elseif ($env:USERPROFILE) { "$env:USERPROFILE\.vagrant.d" }
if ($boxes) {
    $plain = $boxes -creplace '(?<!^)[^\\/''\u0080-\uffff\[\]$`%!^&;.: -]', 'x'
    Write-Fact 'vagrant-home' ($plain -creplace '(?<!^)[\u0080-\u2017\u201c-\uffff]', 'u')
}
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\HyperV'
$values = Read-Or { Get-ItemProperty $policy }
if ($values -or -not (Test-Path $policy)) {
    Write-Fact 'policy-read' 'yes'
    foreach ($name in 'RequireSecureDeviceAssignment', 'RequireSupportedDeviceAssignment') {
        if ($values -and $null -ne $values.$name) { Write-Fact 'policy' "$name $($values.$name)" }
    }
}
foreach ($video in @(Read-Or { Get-CimInstance Win32_VideoController })) {
    if (-not $video -or "$($video.PNPDeviceID)" -notmatch '^PCI\\') { continue }
    # '-' if there is no driver; empty if the folder of the driver is not in the driver store
    $folder = if ("$($video.InstalledDisplayDrivers)" -eq '') { '-' } else { '' }
    if ("$($video.InstalledDisplayDrivers)" -match 'FileRepository\\([^\\]+)\\') { $folder = $Matches[1] }
    $fields = $video.PNPDeviceID, $video.DriverVersion, $video.Status, $folder, $video.Name
    Write-Fact 'video' ("{0}|{1}|{2}|{3}|{4}" -f $fields)
}

# Graphics cards, in the format of the PCI functions of Linux
Write-Section 'pci'
# a card that is dismounted for a VM (PCIP) is not in the class Display, but still has its ids
$displays = Read-Or {
    , @(Get-CimInstance Win32_PnPEntity -Filter "PNPClass='Display' OR PNPDeviceID LIKE 'PCIP%'" |
        Where-Object {
            $_.Present -ne $false -and
                ($_.PNPClass -eq 'Display' -or "$($_.CompatibleID) $($_.HardwareID)" -match 'CC_03')
        })
}
$deviceId = '^PCIP?\\VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})&SUBSYS_([0-9A-F]{4})([0-9A-F]{4})&REV_([0-9A-F]{2})\\(.+)$'
if ($null -ne $displays) {
    Write-Fact 'read' 'yes'
    $count = 0
    foreach ($display in $displays) {
        if ("$($display.PNPDeviceID)" -notmatch $deviceId) { continue }
        $part = $Matches
        $count++
        $id = $display.PNPDeviceID
        $bus = Read-Or { (Get-PnpDeviceProperty -InstanceId $id -KeyName 'DEVPKEY_Device_BusNumber').Data }
        $address = Read-Or { (Get-PnpDeviceProperty -InstanceId $id -KeyName 'DEVPKEY_Device_Address').Data }
        if ($null -eq $bus -or $null -eq $address) { continue }
        # the upper bytes of the bus number are the domain, those of the address are the device
        $at = '{0:x4}:{1:x2}:{2:x2}.{3:x}' -f ([int64]$bus -shr 8), ([int64]$bus -band 255),
            ([int64]$address -shr 16), ([int64]$address -band 7)
        $class = '030000'
        if ("$($display.CompatibleID)" -match 'CC_(03[0-9A-F]{2})') { $class = $Matches[1] + '00' }
        Write-Fact "$at/class" ('0x' + $class.ToLower())
        Write-Fact "$at/vendor" ('0x' + $part[1].ToLower())
        Write-Fact "$at/device" ('0x' + $part[2].ToLower())
        Write-Fact "$at/subsystem_vendor" ('0x' + $part[4].ToLower())
        Write-Fact "$at/subsystem_device" ('0x' + $part[3].ToLower())
        Write-Fact "$at/revision" ('0x' + $part[5].ToLower())
        Write-Fact "$at/instance" $part[6]
        if ($display.Service) { Write-Fact "$at/driver" $display.Service }
        Write-Fact "$at/model" $display.Name
    }
    Write-Fact 'count' $count
}

Write-Section 'programs'
$places = @{}
$programs = 'vagrant', 'packer', 'VBoxManage', 'ssh', 'ssh-keygen', 'scp', 'curl', 'tar',
    'powershell', 'pwsh', 'winget', 'wsl', 'qemu-img'
foreach ($name in $programs) {
    $found = Get-Command $name -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($found) { $places[$name] = $found.Source }
}
if (-not $places['VBoxManage'] -and $env:VBOX_MSI_INSTALL_PATH -and
    (Test-Path "$env:VBOX_MSI_INSTALL_PATH\VBoxManage.exe")) {
    $places['VBoxManage'] = "$env:VBOX_MSI_INSTALL_PATH\VBoxManage.exe"
}
# QEMU's installer does not add its folder to PATH
if (-not $places['qemu-img'] -and $env:ProgramFiles -and (Test-Path "$env:ProgramFiles\qemu\qemu-img.exe")) {
    $places['qemu-img'] = "$env:ProgramFiles\qemu\qemu-img.exe"
}
foreach ($name in ($places.Keys | Sort-Object)) { Write-Fact $name (Hide-User $places[$name]) }
# vagrant needs seconds to print its version; the name of its folder contains it
if ($places['vagrant']) {
    $gems = Join-Path (Split-Path (Split-Path $places['vagrant'])) 'embedded\gems'
    $gem = Read-Or {
        @(Get-ChildItem "$gems\gems\vagrant-[0-9]*", "$gems\*\gems\vagrant-[0-9]*" -ErrorAction SilentlyContinue)[0]
    }
    if ($gem) { Write-Fact 'vagrant-version' ($gem.Name -replace '^vagrant-', '') }
    $plugins = if ($env:VAGRANT_HOME) { $env:VAGRANT_HOME } else { "$env:USERPROFILE\.vagrant.d" }
    $found = @(Read-Or { Get-ChildItem "$plugins\gems\*\gems\vagrant-*" -ErrorAction SilentlyContinue })
    foreach ($plugin in $found) {
        if ($plugin) { Write-Fact 'vagrant-plugin' $plugin.Name }
    }
}
if ($places['packer']) { Write-Fact 'packer-version' (Read-Or { @(& $places['packer'] version)[0] }) }
if ($places['VBoxManage']) {
    Write-Fact 'virtualbox-version' (Read-Or { @(& $places['VBoxManage'] --version)[0] })
}
Write-Output '[end]'
