# Written by homelab-gpu beside its Vagrantfile. Gives a Hyper-V VM its card, or the host the card back; hyperv_gpu.rb calls it. It may be
# run again at any time: it looks first, changes what differs, and undoes its own steps where a later one fails.
#
#   hyperv_gpu.ps1 give -Mode partition|passthrough -Id VM [-Vendor VVVV] [-Device DDDD] [-Instance I] [-Count N] [-Record FILE]
#   hyperv_gpu.ps1 back [-Id VM] [-Record FILE]
#
# Vendor and Device are PCI ids, Instance is the last part of the card's instance id, Id is the VM's. FILE says which card was taken from
# the host, and exists from before it is taken until the host has it back.
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

# \\?\PCI#VEN_10DE&DEV_2786&SUBSYS_...&REV_A1#4&275d7527&0&0010#{...}\GPUPARAV, PCI\VEN_10DE&DEV_2786&...\4&275D7527&0&0010, and PCIP\... of
# one that was taken from the host
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
# Whether two paths are of one device
function Test-Same($one, $other) {
    $a = Get-Hardware $one
    $b = Get-Hardware $other
    $null -ne $a -and $null -ne $b -and $a.Instance -eq $b.Instance -and ($a.Ids -join '&') -eq ($b.Ids -join '&')
}
function Get-One($found, $what) {
    $all = @($found)
    if ($all.Count -eq 1) { return $all[0] }
    if ($all.Count -eq 0) { throw "no $what $card on this host" }
    throw "$($all.Count) cards are ${card}: write address: to say which"
}

# ---------------------------------------------------------------------------------------------------------------- the host's own cards
function Get-Displays { @(Get-PnpDevice -PresentOnly -Class Display -ErrorAction SilentlyContinue) }
function Get-Dismounted { @(Get-VMHostAssignableDevice) }
# The VM that a device was assigned to
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
# Says that the host has the card only where Windows shows it started, with a driver
function Assert-Back($path) {
    $found = @(Get-Displays | Where-Object { Test-Same $_.InstanceId $path })
    if ($found.Count -eq 0) { throw "the host does not have its card back: Windows shows no display adapter $path" }
    $one = $found[0]
    if ("$($one.Status)" -ne 'OK') {
        throw "the host does not have its card back: $($one.FriendlyName) has the status $($one.Status) ($($one.Problem)) in Windows"
    }
    $service = (Get-PnpDeviceProperty -InstanceId $one.InstanceId -KeyName 'DEVPKEY_Device_Service').Data
    if (-not $service) { throw "the host has $($one.FriendlyName) back, and Windows has loaded no driver for it" }
    Write-Output "The host has its card back: $($one.FriendlyName), driver $service"
}
# Returns a card that is taken from the host and that no VM has
function Restore-Card($path) {
    foreach ($one in @(Get-Dismounted | Where-Object { Test-Same $_.InstanceID $path })) {
        Mount-VMHostAssignableDevice -LocationPath $one.LocationPath
    }
    Enable-Card $path
}

# -------------------------------------------------------------------------------------------------------------------------- the record
function Read-Record {
    if ($Record -and (Test-Path -LiteralPath $Record)) { "$(@(Get-Content -LiteralPath $Record -Encoding ASCII)[0])".Trim() } else { '' }
}
function Write-Record($path) {
    if (-not $Record) { return }
    $folder = Split-Path -Parent $Record
    if ($folder -and -not (Test-Path -LiteralPath $folder)) { New-Item -ItemType Directory -Path $folder | Out-Null }
    Set-Content -LiteralPath $Record -Value $path -Encoding ASCII
}
function Remove-Record { if ($Record -and (Test-Path -LiteralPath $Record)) { Remove-Item -LiteralPath $Record } }

# ------------------------------------------------------------------------------------------------------------------------ what both need
# The driver is built in the guest and signed by nobody that the firmware knows
function Set-Bare($vm) {
    if ($vm.Generation -ne 2) { throw 'a VM with a GPU must be of generation 2: take another box' }
    if ("$((Get-VMFirmware -VM $vm).SecureBoot)" -ne 'Off') { Set-VMFirmware -VM $vm -EnableSecureBoot Off }
}

# ---------------------------------------------------------------------------------------------------------------------- a part of a card
function Add-Part($vm) {
    # Windows 11 and Server 2022 have the first, Windows 10 the second
    $there = @('Get-VMHostPartitionableGpu', 'Get-VMPartitionableGpu' | Where-Object { Get-Command $_ -ErrorAction SilentlyContinue })
    if ($there.Count -eq 0) { throw 'this Windows has no cmdlet for partitionable GPUs: turn Hyper-V with its PowerShell module on' }
    $chooses = (Get-Command Add-VMGpuPartitionAdapter).Parameters.ContainsKey('InstancePath')
    $all = @(& $there[0])
    $part = Get-One @($all | Where-Object { Test-Card $_.Name }) 'card that Hyper-V can divide is'
    if (-not $chooses -and $all.Count -gt 1) {
        throw "Windows 10 cannot choose among $($all.Count) cards that can be divided: take out or disable the others"
    }
    if ($Count -gt 1 -and $part.PartitionCount -ne $Count) {
        $valid = @($part.ValidPartitionCounts | Sort-Object)
        if ($valid -notcontains $Count) { throw "gpu_partition_count ${Count}: this card can be divided into $($valid -join ', ') parts" }
        Write-Output "Dividing the card into $Count parts..."
        if ($there[0] -eq 'Get-VMHostPartitionableGpu') { Set-VMHostPartitionableGpu -Name $part.Name -PartitionCount $Count }
        else { Set-VMPartitionableGpu -Name $part.Name -PartitionCount $Count }
    }
    # Windows 10 does not say which card an adapter is of: an old one may be of a card that is gone
    $good = $null
    foreach ($adapter in @(Get-VMGpuPartitionAdapter -VM $vm)) {
        if ($chooses -and -not $good -and "$($adapter.InstancePath)" -eq $part.Name) { $good = $adapter }
        else { Remove-VMGpuPartitionAdapter -VMGpuPartitionAdapter $adapter }
    }
    if (-not $good) {
        Write-Output 'Giving the VM a part of the card...'
        $which = @{}
        if ($chooses) { $which.InstancePath = $part.Name }
        Add-VMGpuPartitionAdapter -VM $vm @which
    }
    # room as Microsoft's page on GPU paravirtualization gives it; what somebody has set by hand, for a CPU of few address bits, stays
    $room = @{}
    if ($vm.GuestControlledCacheTypes -ne $true) { $room.GuestControlledCacheTypes = $true }
    if ($vm.LowMemoryMappedIoSpace -ne 1GB) { $room.LowMemoryMappedIoSpace = 1GB }
    if ($vm.HighMemoryMappedIoSpace -le 512MB) { $room.HighMemoryMappedIoSpace = 32GB }
    if ($room.Count -gt 0) { Set-VM -VM $vm @room }
    Set-Bare $vm
}

# ------------------------------------------------------------------------------------------------------------------------ the whole card
function Add-Whole($vm) {
    $there = @(Get-VMAssignableDevice -VM $vm)
    # of a card that the config named before
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
    # an earlier run, or somebody, may have taken it from the host already
    $taken = @(Get-Dismounted | Where-Object { Test-Card $_.InstanceID })
    $free = @()
    $owner = $null
    foreach ($one in $taken) {
        $has = Get-Owner $one.LocationPath
        if ($has) { $owner = $has } else { $free += $one }
    }
    $mine = @(Get-Displays | Where-Object { Test-Card $_.InstanceId })
    if ($owner -and $free.Count -eq 0 -and $mine.Count -eq 0) { throw "the VM $($owner.Name) has the card ${card}" }
    $which = Get-One (@($free | ForEach-Object { $_.InstanceID }) + @($mine | ForEach-Object { $_.InstanceId })) 'card'
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
            Write-Output 'The card was taken from the host before: going on from there...'
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

# ----------------------------------------------------------------------------------------------------------------------- back to the host
function Restore-All {
    $paths = @(Read-Record | Where-Object { $_ })
    if ($Id) {
        foreach ($one in @(Get-VM -Id $Id -ErrorAction SilentlyContinue)) {
            foreach ($assigned in @(Get-VMAssignableDevice -VM $one)) {
                $path = $assigned.InstanceID
                # known from here on, also where this is cut off
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

# Without the escape codes of PowerShell 7, and with the line that it is about
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
            # a card that was taken whole before cannot be divided
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
