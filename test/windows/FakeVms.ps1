# The cmdlets with which Vagrant creates and starts VMs. FakeHyperV.psm1 loads this file. A VM that
# was started is a process of QEMU.
#
# $global:Fake has for this:
#   start     a shell command that starts QEMU in the background with the address $ADDRESS, the log
#             $LOG, the disk $DISK, $CPUS CPUs, $MEMORY MiB and $CARDS whole cards, and prints its
#             process id
#   ready     the text in the log after which the VM reports its address
#   address   the address of VMs that start

# Whether the VM's process still runs: a guest that shuts down ends it
function Test-Running($vm) {
    if (-not $vm.process) { return $false }
    $stat = "/proc/$($vm.process)/stat"
    (Test-Path -LiteralPath $stat) -and (Get-Content -Raw $stat) -notmatch '\) Z '
}
# Ends the process, and waits for its end
function Stop-Vm-Process($vm) {
    if (Test-Running $vm) { & kill $vm.process }
    while (Test-Running $vm) { [Threading.Thread]::Sleep(50) }
    Set-State $vm 'Off'
}
function Set-State($vm, $state) {
    $vm.State = $state
    $vm.since = [DateTime]::UtcNow.ToString('o')
    if ($state -eq 'Off') { $vm.process = $null; $vm.addresses = @() }
}
# Brings the VMs up to date with their processes
function Update-Vms {
    foreach ($vm in @($global:Fake.vms | Where-Object { $_.Contains('process') })) {
        if ($vm.State -eq 'Running' -and -not (Test-Running $vm)) { Set-State $vm 'Off' }
        if ($vm.State -ne 'Running' -or @($vm.addresses).Count -gt 0) { continue }
        if ("$(Get-Content -Raw $vm.log)".Contains($global:Fake.ready)) { $vm.addresses = @($vm.address) }
    }
}

$does['New-VM'] = {
    param($bound)
    Invoke-Change "New-VM $($bound.Name) -Generation $($bound.Generation)"
    $vm = @{
        Id = "$([guid]::NewGuid())"; Name = "$($bound.Name)"; State = 'Off'; since = [DateTime]::UtcNow.ToString('o')
        Generation = [int]$bound.Generation; SecureBoot = 'On'; AutomaticStopAction = 'Save'; CheckpointType = 'Standard'
        GuestControlledCacheTypes = $false; LowMemoryMappedIoSpace = 128MB; HighMemoryMappedIoSpace = 512MB
        ProcessorCount = 1; MemoryStartup = 1GB; assigned = @(); adapters = @(); disks = @()
        switch = $null; process = $null; addresses = @()
    }
    $global:Fake.vms = @($global:Fake.vms | Where-Object { $_ }) + $vm
    Copy-Vm $vm
}
$does['New-VHD'] = {
    param($bound)
    Invoke-Change "New-VHD $(Split-Path -Leaf "$($bound.Path)")"
    if (-not (Test-Path -LiteralPath "$($bound.ParentPath)")) { Stop-With 'The system cannot find the file specified.' }
    $parent = "$($bound.ParentPath)".Replace('\', '/')
    $path = "$($bound.Path)".Replace('\', '/')
    # the tiny guest's disk is empty
    if ([IO.FileInfo]::new($parent).Length -eq 0) { Set-Content -LiteralPath $path -Value "parent $parent"; return }
    # qemu-img writes no differencing VHDX
    & qemu-img create -q -f qcow2 -F vhdx -b $parent $path
    if ($global:LASTEXITCODE -ne 0) { Stop-With "qemu-img cannot create $path" }
}
$does['Add-VMHardDiskDrive'] = {
    param($bound)
    foreach ($vm in (Find-Vm $bound)) {
        Invoke-Change "Add-VMHardDiskDrive -ControllerType $($bound.ControllerType)"
        if (-not (Test-Path -LiteralPath "$($bound.Path)")) { Stop-With 'The system cannot find the file specified.' }
        $vm.disks = @($vm.disks | Where-Object { $_ }) + "$($bound.Path)"
    }
}
$does['Get-VMNetworkAdapter'] = {
    param($bound)
    foreach ($vm in (Find-Vm $bound)) {
        # Vagrant asks every second until there is an address; these requests would take the CPU from QEMU
        for ($n = 0; $n -lt 100 -and $vm.State -eq 'Running' -and @($vm.addresses).Count -eq 0; $n++) {
            [Threading.Thread]::Sleep(100)
            Update-Vms
        }
        New-Answer @{
            Name = 'Network Adapter'; VMId = $vm.Id; VMName = $vm.Name; SwitchName = $vm.switch
            MacAddress = '00155D012345'; IPAddresses = @($vm.addresses)
        }
    }
}
$does['Connect-VMNetworkAdapter'] = {
    param($bound)
    $adapter = @($bound.VMNetworkAdapter)[0]
    foreach ($vm in @($global:Fake.vms | Where-Object { $_.Id -eq $adapter.VMId })) {
        Invoke-Change "Connect-VMNetworkAdapter -SwitchName $($bound.SwitchName)"
        if (@($global:Fake.switches | Where-Object { $_.Name -eq $bound.SwitchName }).Count -eq 0) {
            Stop-With "Hyper-V was unable to find a virtual switch with name `"$($bound.SwitchName)`"."
        }
        $vm.switch = "$($bound.SwitchName)"
    }
}
$does['Set-VMProcessor'] = {
    param($bound)
    foreach ($vm in (Find-Vm $bound)) {
        if ($bound.ExposeVirtualizationExtensions -eq ($vm.nested -eq $true)) { continue }
        Invoke-Change "Set-VMProcessor -ExposeVirtualizationExtensions $($bound.ExposeVirtualizationExtensions)"
        Assert-Off $vm 'Modifying the processor of'
        $vm.nested = $bound.ExposeVirtualizationExtensions -eq $true
    }
}
$does['Get-VMMemory'] = {
    param($bound)
    foreach ($vm in (Find-Vm $bound)) {
        $size = $vm.MemoryStartup
        New-Answer @{ VMName = $vm.Name; Startup = $size; Minimum = $size; Maximum = $size }
    }
}
$does['Start-VM'] = {
    param($bound)
    foreach ($vm in (Find-Vm $bound)) {
        Invoke-Change "Start-VM $($vm.Name)"
        if ($vm.State -eq 'Running') { continue }
        if (-not $vm.switch -or @($vm.disks).Count -eq 0) { Stop-With "'$($vm.Name)' failed to start." }
        $vm.address = "$($global:Fake.address)"
        $vm.log = Join-Path ([IO.Path]::GetTempPath()) "homelab-gpu-vm-$($vm.Id).log"
        $env:ADDRESS = $vm.address
        $env:LOG = $vm.log
        $env:DISK = "$(@($vm.disks)[0])".Replace('\', '/')
        $env:CPUS = "$($vm.ProcessorCount)"
        $env:MEMORY = "$([long]$vm.MemoryStartup / 1MB)"
        $env:CARDS = "$(@($vm.assigned | Where-Object { $_ }).Count)"
        Set-Content -LiteralPath $vm.log -Value ''
        $vm.process = [int]"$(& sh -c $global:Fake.start)".Trim()
        Set-State $vm 'Running'
    }
}
