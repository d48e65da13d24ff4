# Copies the host's GPU driver to a VM that has a partition of the host's card, if the VM has another
# version or none. Run it in the lab's folder on Windows.
#
#   copy-driver.ps1 NAME VENDOR [DEVICE]
#
# NAME is the name of the VM in ssh/NAME. VENDOR and DEVICE are the PCI ids of the card, four hex
# digits each. The script copies the folder of the driver and the Linux libraries that Windows has
# for WSL. receive-driver.sh installs them in the VM.
param(
    [Parameter(Mandatory = $true)][string]$Name,
    [Parameter(Mandatory = $true)][string]$Vendor,
    [string]$Device = ''
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Stop-With($text) { [Console]::Error.WriteLine("copy-driver: $text"); exit 1 }

$pattern = "^PCI\\VEN_$Vendor&DEV_" + $(if ($Device) { $Device } else { '[0-9A-F]{4}' }) + '&'
$video = @(Get-CimInstance Win32_VideoController | Where-Object { "$($_.PNPDeviceID)" -match $pattern })
if ($video.Count -eq 0) { Stop-With "no card ${Vendor}:$Device on this host" }
$folders = @([regex]::Matches("$($video[0].InstalledDisplayDrivers)", 'FileRepository\\([^\\,]+)\\') |
    ForEach-Object { $_.Groups[1].Value } | Select-Object -Unique)
if ($folders.Count -eq 0) { Stop-With "Windows has no driver for $($video[0].Name) in its driver store" }
$system = Join-Path $env:SystemRoot 'System32'
$libraries = Join-Path $system 'lxss\lib'
if (-not (Test-Path (Join-Path $libraries 'libdxcore.so'))) {
    Stop-With "$libraries has no libdxcore.so: wsl --install --no-distribution installs it"
}

# Windows names the version 32.0.15.9174, NVIDIA 591.74
$version = "$($video[0].DriverVersion)"
if ($Vendor -eq '10de' -and $version -match '(\d)\.(\d\d)(\d\d)$') {
    $version = $Matches[1] + $Matches[2] + '.' + $Matches[3]
}

# a hash over name, size and time of each file: their contents are a gigabyte
$repository = Join-Path $system 'DriverStore\FileRepository'
$files = @($folders | ForEach-Object { Get-ChildItem -Recurse -File (Join-Path $repository $_) }) +
    @(Get-ChildItem -Recurse -File $libraries)
$lines = $files | ForEach-Object { '{0} {1} {2}' -f $_.FullName, $_.Length, $_.LastWriteTimeUtc.Ticks } | Sort-Object
$sha = [Security.Cryptography.SHA256]::Create()
$bytes = $sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($lines -join "`n"))
$hash = [BitConverter]::ToString($bytes).Replace('-', '').ToLower()

$there = "$(& ssh -F "ssh/$Name" $Name 'cat /usr/lib/wsl/homelab-gpu.txt 2>/dev/null || true')".Trim()
if ($LASTEXITCODE -ne 0) { Stop-With "$Name cannot be reached over SSH" }
if ($there -eq "$version $hash") {
    Write-Output "host driver is $version, guest has the same: nothing to copy"
    exit 0
}
$before = ($there -split ' ')[0]
Write-Output ("host driver is $version, guest has " + $(if ($before) { $before } else { 'none' }) + ': copying it')

$archive = Join-Path ([IO.Path]::GetTempPath()) "homelab-gpu-$Name-$PID.tar"
try {
    $words = @('-cf', $archive, '-C', (Join-Path $system 'DriverStore')) +
        @($folders | ForEach-Object { "FileRepository/$_" }) + @('-C', (Join-Path $system 'lxss'), 'lib')
    & tar @words
    if ($LASTEXITCODE -ne 0) { Stop-With "tar failed with code $LASTEXITCODE" }
    & scp -q -F "ssh/$Name" $archive "${Name}:/tmp/homelab-gpu-driver.tar"
    if ($LASTEXITCODE -ne 0) { Stop-With "scp failed with code $LASTEXITCODE" }
    & ssh -F "ssh/$Name" $Name "echo $version $hash >/tmp/homelab-gpu-driver.txt"
    if ($LASTEXITCODE -ne 0) { Stop-With "$Name cannot be reached over SSH" }
} finally {
    Remove-Item -ErrorAction SilentlyContinue -LiteralPath $archive
}
