# Written by homelab-gpu next to its Vagrantfile. Assigns a card to a Hyper-V VM, or returns it to
# the host; hyperv_gpu.rb calls it. You can run it again at any time: it reads the current state,
# changes only what differs, and undoes its steps if a later one fails.
#
#   hyperv_gpu.ps1 give -Mode partition|passthrough -Id VM [-Vendor VVVV] [-Device DDDD]
#                       [-Instance I] [-Count N] [-Record FILE]
#   hyperv_gpu.ps1 back [-Id VM] [-Record FILE]
#
# Vendor and Device are PCI ids, Instance is the last part of the card's instance id, Id is the id
# of the VM. FILE contains the card that was taken from the host. It is written before the card is
# taken, and deleted when the host has the card again.
param(
    [Parameter(Mandatory = $true, Position = 0)][ValidateSet('give', 'back')][string]$Action,
    [string]$Id = '',
    [ValidateSet('partition', 'passthrough', '')][string]$Mode = '',
    [string]$Vendor = '',
    [string]$Device = '',
    [string]$Instance = '',
    [int]$Count = 1,
    [string]$Record = ''
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
try { [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false } catch { }

$card = $(if ($Vendor) { $Vendor } else { '*' }) + ':' + $(if ($Device) { $Device } else { '*' })

# The ids and the instance of a path. There are three forms:
#   \\?\PCI#VEN_10DE&DEV_2786&SUBSYS_...&REV_A1#4&275d7527&0&0010#{...}\GPUPARAV
#   PCI\VEN_10DE&DEV_2786&...\4&275D7527&0&0010
#   PCIP\... for a card that was taken from the host
function Get-Hardware($path) {
    if ("$path" -notmatch 'PCIP?[#\\]+(VEN_[^#\\]+)[#\\]+([^#\\]+)') { return $null }
    @{ Ids = $Matches[1].ToUpper().Split('&'); Instance = $Matches[2] }
}
function Test-Card($path) {
    $hardware = Get-Hardware $path
    $null -ne $hardware -and
        (-not $Vendor -or $hardware.Ids -contains "VEN_$Vendor") -and
        (-not $Device -or $hardware.Ids -contains "DEV_$Device") -and
        (-not $Instance -or $hardware.Instance -eq $Instance)
}
# Whether two paths belong to the same device
function Test-Same($one, $other) {
    $a = Get-Hardware $one
    $b = Get-Hardware $other
    $null -ne $a -and $null -ne $b -and $a.Instance -eq $b.Instance -and ($a.Ids -join '&') -eq ($b.Ids -join '&')
}
function Get-One($found, $what = '') {
    $all = @($found)
    if ($all.Count -eq 1) { return $all[0] }
    if ($all.Count -eq 0) { throw "this host has no card $card$what" }
    throw "this host has $($all.Count) cards ${card}: write address: to choose one"
}

# --- cards of the host ---
function Get-Displays { @(Get-PnpDevice -PresentOnly -Class Display -ErrorAction SilentlyContinue) }
function Get-Dismounted { @(Get-VMHostAssignableDevice) }
# The VM that a device is assigned to
function Get-Owner($location) {
    foreach ($one in @(Get-VM)) {
        if (@(Get-VMAssignableDevice -VM $one | Where-Object { $_.LocationPath -eq $location }).Count -gt 0) { return $one }
    }
}
function Enable-Card($path) {
    $found = @(Get-Displays | Where-Object { Test-Same $_.InstanceId $path })
    foreach ($one in $found) {
        if ("$($one.Status)" -ne 'OK') { Enable-PnpDevice -InstanceId $one.InstanceId -Confirm:$false }
    }
}
# Fails if Windows does not show the card started and with a driver
function Assert-Back($path) {
    $found = @(Get-Displays | Where-Object { Test-Same $_.InstanceId $path })
    if ($found.Count -eq 0) { throw "the host does not have its card back: Windows shows no display adapter $path" }
    $one = $found[0]
    if ("$($one.Status)" -ne 'OK') {
        $status = "$($one.Status) ($($one.Problem))"
        throw "the host does not have its card back: $($one.FriendlyName) has the status $status in Windows"
    }
    $service = (Get-PnpDeviceProperty -InstanceId $one.InstanceId -KeyName 'DEVPKEY_Device_Service').Data
    if (-not $service) { throw "the host has $($one.FriendlyName) back, but Windows has loaded no driver for it" }
    Write-Output "The host has its card back: $($one.FriendlyName), driver $service"
}
# Returns a card to the host that was taken from it and that no VM has
function Restore-Card($path) {
    foreach ($one in @(Get-Dismounted | Where-Object { Test-Same $_.InstanceID $path })) {
        Mount-VMHostAssignableDevice -LocationPath $one.LocationPath
    }
    Enable-Card $path
}

# --- record ---
function Read-Record {
    if (-not ($Record -and (Test-Path -LiteralPath $Record))) { return '' }
    "$(@(Get-Content -LiteralPath $Record -Encoding ASCII)[0])".Trim()
}
function Write-Record($path) {
    # the same card has two paths: with PCI as the host has it, with PCIP as a VM has it
    if (-not $Record -or (Test-Same (Read-Record) $path)) { return }
    $folder = Split-Path -Parent $Record
    if ($folder -and -not (Test-Path -LiteralPath $folder)) {
        New-Item -ItemType Directory -Path $folder | Out-Null
    }
    Set-Content -LiteralPath $Record -Value $path -Encoding ASCII
}
function Remove-Record { if ($Record -and (Test-Path -LiteralPath $Record)) { Remove-Item -LiteralPath $Record } }

# --- used by both modes ---
# The guest builds its driver and does not sign it with a key that the firmware accepts
function Set-Bare($vm) {
    if ($vm.Generation -ne 2) { throw 'a VM with a GPU must be of generation 2: use another box' }
    if ("$((Get-VMFirmware -VM $vm).SecureBoot)" -ne 'Off') { Set-VMFirmware -VM $vm -EnableSecureBoot Off }
}

# --- a GPU partition ---
function Add-Part($vm) {
    # Windows 11 and Server 2022 have the first cmdlet, Windows 10 the second
    $there = @('Get-VMHostPartitionableGpu', 'Get-VMPartitionableGpu' |
        Where-Object { Get-Command $_ -ErrorAction SilentlyContinue })
    if ($there.Count -eq 0) {
        throw 'this Windows has no cmdlet for partitionable GPUs: enable Hyper-V with its PowerShell module'
    }
    $chooses = (Get-Command Add-VMGpuPartitionAdapter).Parameters.ContainsKey('InstancePath')
    $all = @(& $there[0])
    $gpu = Get-One @($all | Where-Object { Test-Card $_.Name }) ' that Hyper-V can partition'
    if (-not $chooses -and $all.Count -gt 1) {
        throw "Windows 10 cannot choose among $($all.Count) cards that can be partitioned: remove or disable the others"
    }
    if ($Count -gt 1 -and $gpu.PartitionCount -ne $Count) {
        $valid = @($gpu.ValidPartitionCounts | Sort-Object)
        if ($valid -notcontains $Count) {
            throw "gpu_partition_count ${Count}: this card can have $($valid -join ', ') partitions"
        }
        Write-Output "Partitioning the card into $Count..."
        if ($there[0] -eq 'Get-VMHostPartitionableGpu') {
            Set-VMHostPartitionableGpu -Name $gpu.Name -PartitionCount $Count
        } else {
            Set-VMPartitionableGpu -Name $gpu.Name -PartitionCount $Count
        }
    }
    # Windows 10 does not show the card of an adapter: an old adapter can belong to a removed card
    $good = $null
    foreach ($adapter in @(Get-VMGpuPartitionAdapter -VM $vm)) {
        if ($chooses -and -not $good -and "$($adapter.InstancePath)" -eq $gpu.Name) { $good = $adapter }
        else { Remove-VMGpuPartitionAdapter -VMGpuPartitionAdapter $adapter }
    }
    if (-not $good) {
        Write-Output 'Giving the VM a partition of the card...'
        $which = @{}
        if ($chooses) { $which.InstancePath = $gpu.Name }
        Add-VMGpuPartitionAdapter -VM $vm @which
    }
    # MMIO space as in Microsoft's documentation of GPU paravirtualization. A value that a user set,
    # for a CPU with few address bits, stays.
    $room = @{}
    if ($vm.GuestControlledCacheTypes -ne $true) { $room.GuestControlledCacheTypes = $true }
    if ($vm.LowMemoryMappedIoSpace -ne 1GB) { $room.LowMemoryMappedIoSpace = 1GB }
    if ($vm.HighMemoryMappedIoSpace -le 512MB) { $room.HighMemoryMappedIoSpace = 32GB }
    if ($room.Count -gt 0) { Set-VM -VM $vm @room }
    Set-Bare $vm
}

# --- a whole card ---
function Add-Whole($vm) {
    # a VM does not start with a partition of a card that the host no longer has
    if (Get-Command Get-VMGpuPartitionAdapter -ErrorAction SilentlyContinue) {
        foreach ($adapter in @(Get-VMGpuPartitionAdapter -VM $vm)) {
            Write-Output 'Removing the partition that the VM had before...'
            Remove-VMGpuPartitionAdapter -VMGpuPartitionAdapter $adapter
        }
    }
    $there = @(Get-VMAssignableDevice -VM $vm)
    # cards that the config named before
    foreach ($other in @($there | Where-Object { -not (Test-Card $_.InstanceID) })) {
        Write-Output 'Giving the host the card back that the VM had before...'
        Remove-VMAssignableDevice -VMAssignableDevice $other
        Restore-Card $other.InstanceID
        Assert-Back $other.InstanceID
    }
    $own = @($there | Where-Object { Test-Card $_.InstanceID })
    if ($own.Count -gt 0) {
        Write-Record $own[0].InstanceID
        return
    }
    # an earlier run or a user may have taken the card from the host already
    $taken = @(Get-Dismounted | Where-Object { Test-Card $_.InstanceID })
    $free = @()
    $owner = $null
    foreach ($one in $taken) {
        $has = Get-Owner $one.LocationPath
        if ($has) { $owner = $has } else { $free += $one }
    }
    $mine = @(Get-Displays | Where-Object { Test-Card $_.InstanceId })
    if ($owner -and $free.Count -eq 0 -and $mine.Count -eq 0) { throw "the VM $($owner.Name) has the card ${card}" }
    $which = Get-One (@($free | ForEach-Object { $_.InstanceID }) + @($mine | ForEach-Object { $_.InstanceId }))
    $room = @{}
    if ("$($vm.AutomaticStopAction)" -ne 'TurnOff') { $room.AutomaticStopAction = 'TurnOff' }
    if ($vm.GuestControlledCacheTypes -ne $true) { $room.GuestControlledCacheTypes = $true }
    if ($vm.LowMemoryMappedIoSpace -ne 3GB) { $room.LowMemoryMappedIoSpace = 3GB }
    if ($vm.HighMemoryMappedIoSpace -lt 33280MB) { $room.HighMemoryMappedIoSpace = 33280MB }
    if ($room.Count -gt 0) { Set-VM -VM $vm @room }
    Set-Bare $vm
    Write-Record $which
    try {
        if ($free.Count -gt 0) {
            Write-Output 'The card is already taken from the host...'
            $location = $free[0].LocationPath
        } else {
            $location = @((Get-PnpDeviceProperty -InstanceId $which -KeyName 'DEVPKEY_Device_LocationPaths').Data)[0]
            Write-Output 'Taking the card from the host...'
            Disable-PnpDevice -InstanceId $which -Confirm:$false
            Dismount-VMHostAssignableDevice -Force -LocationPath $location
        }
        Add-VMAssignableDevice -VM $vm -LocationPath $location
    } catch {
        $why = Get-Reason $_
        try {
            Restore-Card $which
            Assert-Back $which
            Remove-Record
        } catch {
            throw "$why`n$(Get-Reason $_)`nThe next up or destroy tries again"
        }
        throw $why
    }
}

# --- back to the host ---
function Restore-All {
    $paths = @(Read-Record | Where-Object { $_ })
    if ($Id) {
        foreach ($one in @(Get-VM -Id $Id -ErrorAction SilentlyContinue)) {
            foreach ($assigned in @(Get-VMAssignableDevice -VM $one)) {
                $path = $assigned.InstanceID
                # write it first, in case the script is stopped here
                Write-Record $path
                Remove-VMAssignableDevice -VMAssignableDevice $assigned
                if (@($paths | Where-Object { Test-Same $_ $path }).Count -eq 0) { $paths += $path }
            }
        }
    }
    foreach ($path in $paths) {
        $taken = @(Get-Dismounted | Where-Object { Test-Same $_.InstanceID $path })
        $owner = if ($taken.Count -gt 0) { Get-Owner $taken[0].LocationPath }
        if ($owner) {
            Write-Output "The VM $($owner.Name) has the card: it stays there"
            continue
        }
        Restore-Card $path
        Assert-Back $path
    }
    Remove-Record
}

# The message of an error without the escape codes of PowerShell 7, and the line that caused it
function Get-Reason($failure) {
    $text = "$($failure.Exception.Message)" -replace '\x1b\[[0-9;]*m', ''
    $line = "$($failure.InvocationInfo.Line)".Trim()
    if ($failure.FullyQualifiedErrorId -eq $failure.Exception.Message -or -not $line -or $line -match '^throw ') { $text }
    else { "$text`n  $line" }
}

try {
    if ($Action -eq 'back') {
        Restore-All
    } else {
        $vm = Get-VM -Id $Id
        if ($Mode -eq 'partition') {
            # a card that is assigned as a whole cannot be partitioned
            if ($Record -and (Test-Path -LiteralPath $Record)) { Restore-All }
            Add-Part $vm
        } else {
            Add-Whole $vm
        }
    }
} catch {
    [Console]::Error.WriteLine("homelab-gpu: $(Get-Reason $_)")
    exit 1
}
exit 0
