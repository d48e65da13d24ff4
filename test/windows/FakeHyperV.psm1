# A fake Hyper-V: cmdlets with the parameter sets of Microsoft's reference (cmdlets.json) that read and change one state, and return
# results and errors as Hyper-V does. PowerShell prefers functions to cmdlets, so scripts run on it unchanged.
#
# $global:Fake is the state:
#   windows   { build, client }            vms       [{ Id, Name, State, Generation, ... assigned: [INSTANCE], adapters: [{ Id, InstancePath }] }]
#   devices   [{ InstanceId, FriendlyName, Location, Service, enabled, dismounted, needs (MiB of MMIO space) }]
#   cards     [{ Name, ValidPartitionCounts, PartitionCount }]
#   switches  [{ Id, Name, SwitchType }]   cim       { CLASS: [{ ... }] }      registry  { PATH: { NAME: VALUE } }
#   properties { INSTANCE: { KEY: VALUE } }   files     [ PATH ]                  programs  { NAME: PATH }
#   denied    MESSAGE                      the error of every query, for a user without permission
#   fail      { CMDLET: MESSAGE }          the error of a cmdlet, once
#   kill      N                            ends the script at its N-th change; later changes have no effect
#   log       every change, as the script called it

$table = (Get-Content -Raw (Join-Path $PSScriptRoot 'cmdlets.json') | ConvertFrom-Json -AsHashtable).cmdlets

function Get-Value($map, $name) { if ($null -ne $map -and $map.Contains($name)) { $map[$name] } }
function Get-Path($path) { "$path" -replace '^PCIP', 'PCI' }
function New-Answer($map, $type) {
    $answer = [pscustomobject]$map
    if ($type) { $answer.PSObject.TypeNames.Insert(0, $type) }
    $answer
}
# Vagrant's scripts name these types; serve.ps1 defines them
$vmName = 'Microsoft.HyperV.PowerShell.VirtualMachine'
$vmType = $vmName -as [type]
$errorType = 'Microsoft.HyperV.PowerShell.VirtualizationException' -as [type]
if (-not $errorType) { $errorType = [InvalidOperationException] }
function Stop-With($text) { throw $errorType::new($text) }
# A VM as Get-VM returns it; a copy, so later changes do not show
function Copy-Vm($map) {
    if (-not $vmType) { return New-Answer $map $vmName }
    $answer = $vmType::new()
    foreach ($key in $map.Keys) {
        $value = if ($key -eq 'Id') { [guid]$map[$key] } else { $map[$key] }
        Add-Member -InputObject $answer -NotePropertyName $key -NotePropertyValue $value
    }
    if (-not $map.Contains('NetworkAdapters')) {
        $adapters = @([pscustomobject]@{ IPAddresses = @($map.addresses) })
        Add-Member -InputObject $answer -NotePropertyName NetworkAdapters -NotePropertyValue $adapters
    }
    $answer
}

# Records a change. Throws if the state has an error for it; a change after the end of the script has no effect
function Invoke-Change($call) {
    $state = $global:Fake
    if ($null -ne $state.kill -and @($state.log).Count -ge $state.kill -and -not $global:EndedState) {
        $global:EndedState = Copy-State
    }
    $state.log = @($state.log) + $call
    $name = "$call".Split(' ')[0]
    $refusal = Get-Value $state.fail $name
    if ($refusal) {
        $state.fail.Remove($name)
        Stop-With $refusal
    }
}
# The current state, with the files that the script wrote
function Copy-State {
    $files = @{}
    foreach ($file in @(Get-ChildItem -Recurse -File -LiteralPath $global:Folder)) { $files[$file.FullName] = [IO.File]::ReadAllText($file.FullName) }
    @{ state = ($global:Fake | ConvertTo-Json -Depth 10); files = $files }
}

function Find-Vm($bound) {
    $all = @($global:Fake.vms)
    # the parameters have no types here, so PowerShell may take a VM from the pipeline for a name
    $given = @('VM', 'VMName', 'Name' | Where-Object { $bound.ContainsKey($_) } | ForEach-Object { $bound[$_] })
    if ($bound.ContainsKey('VM') -or ($given.Count -gt 0 -and $null -ne $given[0].Id)) {
        $ids = @($given | ForEach-Object { "$($_.Id)" })
        return @($all | Where-Object { $ids -contains $_.Id })
    }
    $name = if ($bound.ContainsKey('VMName')) { $bound.VMName } else { Get-Value $bound 'Name' }
    if ($name) {
        $found = @($all | Where-Object { $_.Name -like "$name" })
        if ($found.Count -eq 0) { Stop-With "Hyper-V was unable to find a virtual machine with name `"$name`"." }
        return $found
    }
    if ($bound.ContainsKey('Id')) {
        $found = @($all | Where-Object { $_.Id -eq "$($bound.Id)" })
        if ($found.Count -eq 0) { Stop-With "Hyper-V was unable to find a virtual machine with Id `"$($bound.Id)`"." }
        return $found
    }
    $all
}
function Find-Device($bound) {
    $all = @($global:Fake.devices)
    $path = Get-Value $bound 'InstancePath'
    $location = Get-Value $bound 'LocationPath'
    if (-not $path -and -not $location) { Stop-With 'One of InstancePath and LocationPath is needed.' }
    $found = @($all | Where-Object { (-not $path -or (Get-Path $_.InstanceId) -eq (Get-Path $path)) -and (-not $location -or $_.Location -eq $location) })
    if ($found.Count -eq 0) { Stop-With 'Failed to find a device. The specified device was not found.' }
    $found[0]
}
function Find-Owner($device) { $global:Fake.vms | Where-Object { @($_.assigned) -contains $device.InstanceId } | Select-Object -First 1 }
function Assert-Off($vm, $what) {
    if ($vm.State -ne 'Off') { Stop-With "$what '$($vm.Name)' failed. The operation cannot be performed while the virtual machine is in its current state." }
}

# ---------------------------------------------------------------------------------------------------------------------- cmdlets
$does = @{
    'Get-VM' = { param($bound) foreach ($vm in (Find-Vm $bound)) { Copy-Vm $vm } }
    'Set-VM' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            $values = @($bound.Keys | Where-Object { $_ -notin 'VM', 'Name', 'VMName' } | Sort-Object)
            Invoke-Change ('Set-VM ' + (@($values | ForEach-Object { "-$_ $($bound[$_])" }) -join ' '))
            $fixed = @($values | Where-Object { $_ -in 'GuestControlledCacheTypes', 'LowMemoryMappedIoSpace', 'HighMemoryMappedIoSpace', 'ProcessorCount', 'StaticMemory', 'CheckpointType' })
            if ($fixed.Count -gt 0) { Assert-Off $vm 'Setting a virtual machine property on' }
            if ($bound.ContainsKey('LowMemoryMappedIoSpace') -and ($bound.LowMemoryMappedIoSpace % 2MB -ne 0 -or $bound.LowMemoryMappedIoSpace -gt 3584MB)) {
                Stop-With 'Invalid amount of MMIO space: it must be a multiple of 2 MB.'
            }
            foreach ($value in $values) {
                $to = $bound[$value]
                if ($to -is [switch]) { $to = [bool]$to }
                $as = @{ NewVMName = 'Name'; MemoryStartupBytes = 'MemoryStartup' }[$value]
                $vm[$(if ($as) { $as } else { $value })] = $to
            }
        }
    }
    'Stop-VM' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            Invoke-Change "Stop-VM $($vm.Name)"
            if ($vm.Contains('process')) { Stop-Vm-Process $vm }
            $vm.State = 'Off'
        }
    }
    'Remove-VM' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            Invoke-Change "Remove-VM $($vm.Name)"
            if ($vm.State -ne 'Off') { Stop-With "The operation cannot be performed while the virtual machine is in its current state." }
            $global:Fake.vms = @($global:Fake.vms | Where-Object { $_.Id -ne $vm.Id })
        }
    }
    'Get-VMFirmware' = { param($bound) foreach ($vm in (Find-Vm $bound)) { New-Answer @{ VMName = $vm.Name; SecureBoot = $vm.SecureBoot } } }
    'Set-VMFirmware' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            Invoke-Change "Set-VMFirmware -EnableSecureBoot $($bound.EnableSecureBoot)"
            Assert-Off $vm 'Modifying firmware of'
            $vm.SecureBoot = "$($bound.EnableSecureBoot)"
        }
    }
    'Get-VMHostPartitionableGpu' = { param($bound) if ($global:Fake.denied) { Stop-With $global:Fake.denied }; foreach ($card in @($global:Fake.cards)) { New-Answer $card } }
    'Set-VMHostPartitionableGpu' = {
        param($bound)
        Invoke-Change "Set-VMHostPartitionableGpu -PartitionCount $($bound.PartitionCount)"
        foreach ($card in @($global:Fake.cards | Where-Object { $_.Name -eq $bound.Name })) { $card.PartitionCount = $bound.PartitionCount }
    }
    'Get-VMGpuPartitionAdapter' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            foreach ($adapter in @($vm.adapters | Where-Object { $_ })) {
                $path = if ($global:Fake.windows.build -lt 20348) { $null } else { $adapter.InstancePath }
                New-Answer @{ Id = $adapter.Id; InstancePath = $path; VMName = $vm.Name; VMId = $vm.Id } 'Microsoft.HyperV.PowerShell.VMGpuPartitionAdapter'
            }
        }
    }
    'Add-VMGpuPartitionAdapter' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            $path = Get-Value $bound 'InstancePath'
            Invoke-Change ('Add-VMGpuPartitionAdapter' + $(if ($path) { " -InstancePath $path" }))
            Assert-Off $vm 'Adding a device to'
            if (-not $path) { $path = @($global:Fake.cards)[0].Name }
            $vm.adapters = @($vm.adapters | Where-Object { $_ }) + @{ Id = "adapter-$(@($global:Fake.log).Count)"; InstancePath = $path }
        }
    }
    'Remove-VMGpuPartitionAdapter' = {
        param($bound)
        $gone = @($bound.VMGpuPartitionAdapter)[0]
        Invoke-Change "Remove-VMGpuPartitionAdapter $($gone.Id)"
        foreach ($vm in @($global:Fake.vms | Where-Object { $_.Id -eq $gone.VMId })) {
            Assert-Off $vm 'Removing a device from'
            $vm.adapters = @($vm.adapters | Where-Object { $_.Id -ne $gone.Id })
        }
    }
    'Get-VMAssignableDevice' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            foreach ($path in @($vm.assigned | Where-Object { $_ })) {
                $device = @($global:Fake.devices | Where-Object { $_.InstanceId -eq $path })[0]
                New-Answer @{ InstanceID = ($path -replace '^PCI\\', 'PCIP\'); LocationPath = $device.Location; VMName = $vm.Name; VMId = $vm.Id; Name = 'PCI Express Port' } 'Microsoft.HyperV.PowerShell.VMAssignedDevice'
            }
        }
    }
    'Add-VMAssignableDevice' = {
        param($bound)
        foreach ($vm in (Find-Vm $bound)) {
            $device = Find-Device $bound
            Invoke-Change "Add-VMAssignableDevice -LocationPath $($device.Location)"
            Assert-Off $vm 'Adding a device to'
            if (-not $device.dismounted) { Stop-With "Failed to add device 'Virtual PCI Express Port'. The device has not been dismounted from the host." }
            if (Find-Owner $device) { Stop-With "Failed to add device 'Virtual PCI Express Port'. Object already exists." }
            if ("$($vm.AutomaticStopAction)" -eq 'Save') { Stop-With "A device that was assigned cannot be saved: the virtual machine '$($vm.Name)' has the automatic stop action Save." }
            if ($device.needs -and ($vm.HighMemoryMappedIoSpace / 1MB) -lt $device.needs) { Stop-With "Failed to add device 'Virtual PCI Express Port'. Insufficient system resources exist to complete the requested service." }
            $vm.assigned = @($vm.assigned | Where-Object { $_ }) + $device.InstanceId
        }
    }
    'Remove-VMAssignableDevice' = {
        param($bound)
        $gone = @($bound.VMAssignableDevice)[0]
        if (-not $gone) { Stop-With 'Remove-VMAssignableDevice by name is not part of the fake.' }
        Invoke-Change "Remove-VMAssignableDevice $($gone.LocationPath)"
        foreach ($vm in @($global:Fake.vms | Where-Object { $_.Id -eq $gone.VMId })) {
            Assert-Off $vm 'Removing a device from'
            $vm.assigned = @($vm.assigned | Where-Object { $_ -ne (Get-Path $gone.InstanceID) })
        }
    }
    'Get-VMHostAssignableDevice' = {
        param($bound)
        foreach ($device in @($global:Fake.devices | Where-Object { $_.dismounted })) {
            New-Answer @{ InstanceID = ($device.InstanceId -replace '^PCI\\', 'PCIP\'); LocationPath = $device.Location } 'Microsoft.HyperV.PowerShell.VMHostAssignableDevice'
        }
    }
    'Dismount-VMHostAssignableDevice' = {
        param($bound)
        $device = Find-Device $bound
        Invoke-Change "Dismount-VMHostAssignableDevice -LocationPath $($device.Location)"
        if ($device.enabled) { Stop-With 'The operation failed. The device is in use by another user mode process or its driver must be disabled first.' }
        $device.dismounted = $true
    }
    'Mount-VMHostAssignableDevice' = {
        param($bound)
        $device = Find-Device $bound
        Invoke-Change "Mount-VMHostAssignableDevice -LocationPath $($device.Location)"
        if (Find-Owner $device) { Stop-With 'The operation failed. The device is assigned to a virtual machine.' }
        if (-not $device.dismounted) { Stop-With 'The operation failed. The specified device was not found.' }
        $device.dismounted = $false
    }
    'Get-VMSwitch' = { param($bound) if ($global:Fake.denied) { Stop-With $global:Fake.denied }; foreach ($one in @($global:Fake.switches)) {
            $other = @('Id', 'Name' | Where-Object { $bound.ContainsKey($_) -and "$($bound[$_])" -ne $one[$_] })
            if ($other.Count -eq 0) { New-Answer $one }
        }
    }
    'Get-PnpDevice' = {
        param($bound)
        foreach ($device in @($global:Fake.devices)) {
            if ($device.dismounted -and $bound.ContainsKey('Class')) { continue }
            if ($bound.ContainsKey('InstanceId') -and @($bound.InstanceId) -notcontains $device.InstanceId) { continue }
            $status = if ($device.enabled) { 'OK' } else { 'Error' }
            New-Answer @{ InstanceId = $device.InstanceId; FriendlyName = $device.FriendlyName; Class = 'Display'; Status = $status; Problem = $(if ($device.enabled) { 'CM_PROB_NONE' } else { 'CM_PROB_DISABLED' }) }
        }
    }
    'Get-PnpDeviceProperty' = {
        param($bound)
        $id = @($bound.InstanceId)[0]
        $key = @($bound.KeyName)[0]
        $own = Get-Value (Get-Value $global:Fake.properties (Get-Path $id)) $key
        if ($null -eq $own) {
            $device = @($global:Fake.devices | Where-Object { $_.InstanceId -eq $id })[0]
            if ($device) {
                if ($key -eq 'DEVPKEY_Device_LocationPaths') { $own = @($device.Location, 'ACPI(_SB_)#ACPI(PCI0)') }
                if ($key -eq 'DEVPKEY_Device_Service' -and $device.enabled) { $own = $device.Service }
            }
        }
        New-Answer @{ InstanceId = $id; KeyName = $key; Data = $own }
    }
    'Enable-PnpDevice' = {
        param($bound)
        foreach ($device in @($global:Fake.devices | Where-Object { $_.InstanceId -eq @($bound.InstanceId)[0] })) {
            Invoke-Change 'Enable-PnpDevice'
            if ($device.dismounted) { Stop-With 'Generic failure' }
            $device.enabled = $true
        }
    }
    'Disable-PnpDevice' = {
        param($bound)
        foreach ($device in @($global:Fake.devices | Where-Object { $_.InstanceId -eq @($bound.InstanceId)[0] })) {
            Invoke-Change 'Disable-PnpDevice'
            if ($device.dismounted) { Stop-With 'Generic failure' }
            $device.enabled = $false
        }
    }
    'Get-CimInstance' = {
        param($bound)
        $class = $bound.ClassName
        if ($class -eq 'Msvm_ComputerSystem' -and -not $global:Fake.cim.Contains($class)) {
            foreach ($vm in @($global:Fake.vms)) { New-Answer @{ Name = $vm.Id; TimeOfLastStateChange = ([DateTime]$vm.since).ToUniversalTime() } }
            return
        }
        if (-not $global:Fake.cim.Contains($class)) { throw [Exception]::new("Invalid class $class") }
        $filter = "$(Get-Value $bound 'Filter')"
        # a dismounted card has no driver, and another id
        $gone = @($global:Fake.devices | Where-Object { $_.dismounted } | ForEach-Object { $_.InstanceId })
        foreach ($entry in @($global:Fake.cim[$class])) {
            $one = $entry
            if ($class -match '^Win32_(PnPEntity|VideoController)$' -and $gone -contains $entry.PNPDeviceID) {
                if ($class -eq 'Win32_VideoController') { continue }
                $one = $entry.Clone()
                $one.PNPDeviceID = $entry.PNPDeviceID -replace '^PCI', 'PCIP'
                $one.PNPClass = 'System'
                $one.Service = $null
            }
            # the scripts use only these forms: NAME='VALUE', NAME LIKE 'VALUE', and OR
            $tests = @($filter -split ' OR ' | Where-Object { $_ })
            $fits = $tests.Count -eq 0
            foreach ($test in $tests) {
                if ($test -match "^(\w+)='(.*)'$" -and "$($one[$Matches[1]])" -eq $Matches[2]) { $fits = $true }
                if ($test -match "^(\w+) LIKE '(.*)'$" -and "$($one[$Matches[1]])" -like $Matches[2].Replace('%', '*')) { $fits = $true }
            }
            if ($fits) { New-Answer $one }
        }
    }
}
. (Join-Path $PSScriptRoot 'FakeVms.ps1')
$does['Get-VMPartitionableGpu'] = $does['Get-VMHostPartitionableGpu']
$does['Set-VMPartitionableGpu'] = $does['Set-VMHostPartitionableGpu']

# Returns a function with the parameter sets that a cmdlet has in this version of Windows
function New-Cmdlet($name, $version) {
    $places = foreach ($set in $version.sets.Keys) {
        foreach ($parameter in $version.sets[$set]) { @{ set = $set; of = $parameter } }
    }
    $params = foreach ($group in ($places | Group-Object { $_.of.name })) {
        $marks = foreach ($place in $group.Group) {
            $words = @("ParameterSetName = '$($place.set)'")
            if ($place.of.mandatory) { $words += 'Mandatory' }
            if ($place.of.Contains('position')) { $words += "Position = $($place.of.position)" }
            if ($place.of.pipeline -eq 'value') { $words += 'ValueFromPipeline' }
            if ($place.of.pipeline -eq 'property') { $words += 'ValueFromPipelineByPropertyName' }
            "[Parameter($($words -join ', '))]"
        }
        $first = @($group.Group)[0].of
        $alias = if ($first.aliases) { "[Alias($(@($first.aliases | ForEach-Object { "'$_'" }) -join ', '))]" }
        "$($marks -join ' ') $alias $(if ($first.switch) { '[switch]' }) `$$($group.Name)"
    }
    $binding = @()
    if ($version.default) { $binding += "DefaultParameterSetName = '$($version.default)'" }
    if ($version.shouldProcess) { $binding += 'SupportsShouldProcess' }
    "function global:$name { [CmdletBinding($($binding -join ', '))] param(`n$($params -join ",`n")`n)`nprocess { Invoke-Fake '$name' `$PSBoundParameters } }"
}

function Invoke-Fake($name, $bound) {
    $plain = @{}
    foreach ($key in $bound.Keys) { if ($key -notin 'ErrorAction', 'Confirm', 'WhatIf', 'Verbose', 'Debug') { $plain[$key] = $bound[$key] } }
    & $does[$name] $plain
}

# Sets the state, and creates the cmdlets that this version of Windows has
function Set-Fake($state) {
    $global:Fake = $state
    $global:EndedState = $null
    if ($null -eq $state.log) { $state.log = @() }
    $build = [int]$state.windows.build
    $is = if ($state.windows.client) { if ($build -ge 22000) { '2022' } else { '10' } }
    elseif ($build -ge 26100) { '2025' } elseif ($build -ge 20348) { '2022' } elseif ($build -ge 17763) { '2019' } else { '2016' }
    $made = "$is $($state.windows.hyperv)"
    if ($global:FakeMade -eq $made) { return }
    $global:FakeMade = $made
    foreach ($name in $does.Keys) {
        Remove-Item "function:$name" -ErrorAction SilentlyContinue
        if ($state.windows.hyperv -eq $false -and $name -match '-VM') { continue }
        # Windows 10 has Server 2019's cmdlets, except those of GPU partitions
        $versions = @($table[$name])
        $version = @($versions | Where-Object { $_.windows -contains $is -or $_.windows -contains '5.1' })[0]
        if (-not $version -and $is -eq '10' -and $name -notmatch 'Partition') { $version = @($versions | Where-Object { $_.windows -contains '2019' })[0] }
        if ($version) { Invoke-Expression (New-Cmdlet $name $version) }
    }
}

Export-ModuleMember -Function Set-Fake, Copy-State, Invoke-Fake, Update-Vms
