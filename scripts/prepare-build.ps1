# Prepares the build of a box for Hyper-V. Run it in the lab's folder on Windows.
#
#   prepare-build.ps1 -Folder FOLDER -Vm NAME -Switch SWITCH
#
# FOLDER is the folder of the box's Packer template, NAME the VM that Packer creates, SWITCH the name
# or id of a virtual switch. The script
#   - deletes the VM NAME, if an earlier build ended without deleting it
#   - writes FOLDER\switch.auto.pkrvars.json with the name of the switch; Packer would create one
#     that does not exist
#   - creates an SSH key for this build, FOLDER\seed\key, and FOLDER\seed\seed.iso, the CD that allows
#     it to log in: user-data and meta-data for cloud-init, which also runs FOLDER\install-hyperv.sh,
#     and authorized_keys for the images of make-image.sh
# Only the VM of this build uses the key; the finished box has Vagrant's key.
param(
    [Parameter(Mandatory = $true)][string]$Folder,
    [Parameter(Mandatory = $true)][string]$Vm,
    [Parameter(Mandatory = $true)][string]$Switch
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Stop-With($text) { [Console]::Error.WriteLine("prepare-build: $text"); exit 1 }
# .NET has a current folder of its own
$here = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Folder)
$utf8 = New-Object System.Text.UTF8Encoding $false
function Write-Text($path, $text) { [IO.File]::WriteAllText($path, $text, $utf8) }

$found = @(Get-VMSwitch | Where-Object { "$($_.Id)" -eq $Switch -or $_.Name -eq $Switch } | Select-Object -First 1)
if ($found.Count -eq 0) { Stop-With "Hyper-V has no virtual switch $Switch" }
Write-Text (Join-Path $here 'switch.auto.pkrvars.json') (ConvertTo-Json @{ switch_name = $found[0].Name })

foreach ($rest in @(Get-VM | Where-Object { $_.Name -eq $Vm })) {
    Write-Output "deleting the VM $Vm of a build that did not end"
    if ("$($rest.State)" -ne 'Off') { Stop-VM -VM $rest -TurnOff -Force }
    Remove-VM -VM $rest -Force
    # Packer's folder for it: ...\Temp\hyperv1234567\NAME
    $parent = if ($rest.Path) { Split-Path $rest.Path }
    if ($parent -and (Split-Path -Leaf $parent) -match '^hyperv\d+$' -and (Test-Path -LiteralPath $parent)) {
        Remove-Item -Recurse -Force -LiteralPath $parent
    }
}

# --- key ---
$seed = Join-Path $here 'seed'
if (Test-Path -LiteralPath $seed) { Remove-Item -Recurse -Force -LiteralPath $seed }
New-Item -ItemType Directory -Force $seed | Out-Null
$key = Join-Path $seed 'key'
# Windows PowerShell drops an empty argument; PowerShell 7 does not
$empty = if ($PSVersionTable.PSVersion.Major -lt 7) { '""' } else { '' }
& ssh-keygen -q -t ed25519 -N $empty -C build -f $key
if ($LASTEXITCODE -ne 0) { Stop-With "ssh-keygen failed with code $LASTEXITCODE" }
$public = [IO.File]::ReadAllText("$key.pub").Trim()
$script = [Convert]::ToBase64String([IO.File]::ReadAllBytes((Join-Path $here 'install-hyperv.sh')))
$user = @"
#cloud-config
users:
  - name: vagrant
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh_authorized_keys: ["$public"]
write_files:
  - path: /run/homelab-gpu/install-hyperv.sh
    encoding: b64
    content: $script
runcmd:
  - [env, FIRST_BOOT=yes, sh, /run/homelab-gpu/install-hyperv.sh]
"@ -replace "`r", ''

# --- CD: ISO 9660 (ECMA-119), with the files in its root; the names are those that Linux shows ---
$sector = 2048
$image = $null
function Set-Bytes($at, $bytes) { [Array]::Copy([byte[]]$bytes, 0, $image, $at, $bytes.Length) }
function Set-Ascii($at, $text) { Set-Bytes $at ([Text.Encoding]::ASCII.GetBytes($text)) }
function Get-Big($bytes) { [Array]::Reverse($bytes); , $bytes }
# Numbers are there in both byte orders, one after the other
function Set-Short($at, $value) {
    Set-Bytes $at ([BitConverter]::GetBytes([uint16]$value))
    Set-Bytes ($at + 2) (Get-Big ([BitConverter]::GetBytes([uint16]$value)))
}
function Set-Long($at, $value) {
    Set-Bytes $at ([BitConverter]::GetBytes([uint32]$value))
    Set-Bytes ($at + 4) (Get-Big ([BitConverter]::GetBytes([uint32]$value)))
}
# A directory record; returns its length, which is even
function Set-Record($at, $name, $block, $size, $flags) {
    $length = 33 + $name.Length + (1 - $name.Length % 2)
    $image[$at] = $length
    Set-Long ($at + 2) $block
    Set-Long ($at + 10) $size
    # 1 January 2000
    Set-Bytes ($at + 18) (100, 1, 1, 0, 0, 0, 0)
    $image[$at + 25] = $flags
    Set-Short ($at + 28) 1
    $image[$at + 32] = $name.Length
    Set-Bytes ($at + 33) $name
    $length
}
$files = [ordered]@{
    'authorized_keys' = $utf8.GetBytes("$public`n")
    'meta-data' = $utf8.GetBytes("instance-id: build`n")
    'user-data' = $utf8.GetBytes("$user`n")
}
$root = 20
$block = $root + 1
$blocks = @{}
foreach ($name in $files.Keys) {
    $blocks[$name] = $block
    $block += [int][math]::Ceiling($files[$name].Length / $sector)
}
$image = New-Object byte[] ($block * $sector)
$at = 16 * $sector
$image[$at] = 1
Set-Ascii ($at + 1) 'CD001'
$image[$at + 6] = 1
Set-Ascii ($at + 8) (' ' * 32)
Set-Ascii ($at + 40) 'cidata'.PadRight(32)
Set-Long ($at + 80) $block
Set-Short ($at + 120) 1
Set-Short ($at + 124) 1
Set-Short ($at + 128) $sector
# the path table: one entry, the root
Set-Long ($at + 132) 10
Set-Bytes ($at + 140) ([BitConverter]::GetBytes([uint32]18))
Set-Bytes ($at + 148) (Get-Big ([BitConverter]::GetBytes([uint32]19)))
Set-Record ($at + 156) ([byte[]](, 0)) $root $sector 2 | Out-Null
Set-Ascii ($at + 190) (' ' * 623)
foreach ($date in 813, 830, 847, 864) { Set-Ascii ($at + $date) ('0' * 16) }
$image[$at + 881] = 1
Set-Bytes (17 * $sector) (@(255) + [Text.Encoding]::ASCII.GetBytes('CD001') + @(1))
Set-Bytes (18 * $sector) (1, 0, $root, 0, 0, 0, 1, 0, 0, 0)
Set-Bytes (19 * $sector) (1, 0, 0, 0, 0, $root, 0, 1, 0, 0)
$at = $root * $sector
$at += Set-Record $at ([byte[]](, 0)) $root $sector 2
$at += Set-Record $at ([byte[]](, 1)) $root $sector 2
foreach ($name in $files.Keys) {
    $at += Set-Record $at ([Text.Encoding]::ASCII.GetBytes($name)) $blocks[$name] $files[$name].Length 0
    Set-Bytes ($blocks[$name] * $sector) $files[$name]
}
[IO.File]::WriteAllBytes((Join-Path $seed 'seed.iso'), $image)
