# Gets the disk image that a box for Hyper-V is built from, and converts it to a virtual hard disk of
# Hyper-V (VHDX) with qemu-img. Run it in the lab's folder on Windows.
#
#   get-vhdx.ps1 -Out DISK.vhdx -Gib N -Url URL -Sums URL       a published image, verified against
#                                                               the publisher's list of checksums
#   get-vhdx.ps1 -Out DISK.vhdx -Gib N -Url URL -Checksum SUM   an image with this checksum,
#                                                               sha256:... or sha512:...
#   get-vhdx.ps1 -Out DISK.vhdx -Gib N -File FILE               a file of this host
#
# The disk has at least N GiB; it uses only the space that is written. With -UrlFile FILE instead of
# -Url the URL is read from a file, so other users cannot see a password in it. Downloaded images are
# kept in $env:LOCALAPPDATA\homelab-gpu\images, named by their checksum. A transfer is stopped if it
# is slower than 10 KiB/s for a minute, or larger than $env:MAX_IMAGE_GIB (default: 32).
param(
    [Parameter(Mandatory = $true)][string]$Out,
    [Parameter(Mandatory = $true)][int]$Gib,
    [string]$Url = '',
    [string]$UrlFile = '',
    [string]$Sums = '',
    [string]$Checksum = '',
    [string]$File = ''
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$OutputEncoding = New-Object System.Text.UTF8Encoding $false

function Say($text) { [Console]::Error.WriteLine("get-vhdx: $text") }
function Stop-With($text) { Say $text; exit 1 }
# .NET has a current folder of its own
function Get-FullPath($path) { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path) }
function Get-Program($name) {
    Get-Command $name -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1 |
        ForEach-Object { $_.Source }
}

$qemu = Get-Program 'qemu-img'
# QEMU's installer does not add its folder to PATH
if (-not $qemu -and $env:ProgramFiles) {
    $installed = Join-Path $env:ProgramFiles 'qemu\qemu-img.exe'
    if (Test-Path -LiteralPath $installed) { $qemu = $installed }
}
if (-not $qemu) { Stop-With 'qemu-img is missing: winget install --exact --id SoftwareFreedomConservancy.QEMU' }

if ($UrlFile) { $Url = "$(Get-Content -LiteralPath $UrlFile -TotalCount 1)".Trim() }
# A URL without its password and its query, which may contain one too
$public = $Url -replace '//[^/]*@', '//...@' -replace '\?.*', '?...'

# curl reads the URL from standard input: every user can see the arguments of a command
function Invoke-Curl($address, $words) {
    $config = 'url = "' + $address.Replace('\', '\\').Replace('"', '\"') + '"'
    $always = '-K', '-', '-g', '-fL', '--connect-timeout', '20', '--speed-limit', '10240', '--speed-time', '60'
    $config | & $curl @always @words
}

function Get-Sum($path, $kind) {
    $sha = if ($kind -eq 'sha512') { [Security.Cryptography.SHA512]::Create() } else { [Security.Cryptography.SHA256]::Create() }
    $stream = [IO.File]::OpenRead($path)
    try { [BitConverter]::ToString($sha.ComputeHash($stream)).Replace('-', '').ToLower() } finally { $stream.Dispose() }
}

# The path of the image with this checksum, which is downloaded if the cache does not have it
function Get-Image($kind, $sum) {
    $base = if ($env:XDG_CACHE_HOME) { $env:XDG_CACHE_HOME } else { $env:LOCALAPPDATA }
    $cache = Join-Path $base 'homelab-gpu/images'
    New-Item -ItemType Directory -Force $cache | Out-Null
    $image = Join-Path $cache "$kind-$sum"
    # labs that share the cache get the same image one after the other
    $lock = $null
    while (-not $lock) {
        try { $lock = [IO.File]::Open("$image.lock", 'OpenOrCreate', 'ReadWrite', 'None') }
        catch [IO.IOException] {
            if (-not (Test-Path -LiteralPath "$image.lock")) { Stop-With "cannot create ${image}.lock: $_" }
            if (-not $waits) { Say 'another run is getting this image: waiting for it' }
            $waits = $true
            [Threading.Thread]::Sleep(1000)
        }
    }
    try {
        if (Test-Path -LiteralPath $image) {
            if ((Get-Sum $image $kind) -eq $sum) { Say "already downloaded: $image"; return $image }
            Say "$image is damaged: it is removed and fetched again"
            Remove-Item -LiteralPath $image
        }
        $part = "$image.part"
        $max = 32
        if ($env:MAX_IMAGE_GIB) { $max = [int]$env:MAX_IMAGE_GIB }
        $to = '--retry', '3', '--max-filesize', "$($max * 1GB)", '-o', $part
        Say "fetching $public"
        Invoke-Curl $Url ($to + @('-C', '-')) | Out-Null
        # 6, 7: no such server; 28: too slow; 63: too large. Otherwise the server cannot continue, or
        # the partial file is longer than the image: start again
        if ($LASTEXITCODE -notin 0, 6, 7, 28, 63) {
            if (Test-Path -LiteralPath $part) { Remove-Item -LiteralPath $part }
            Invoke-Curl $Url $to | Out-Null
        }
        if ($LASTEXITCODE -eq 63) {
            if (Test-Path -LiteralPath $part) { Remove-Item -LiteralPath $part }
            Stop-With "$public is larger than $max GiB"
        }
        # the next try continues the partial file
        if ($LASTEXITCODE -ne 0) { Stop-With "cannot fetch $public" }
        $found = Get-Sum $part $kind
        if ($found -ne $sum) {
            Remove-Item -LiteralPath $part
            Stop-With "$public is not what it should be: its $kind is $found, and $sum was expected"
        }
        [IO.File]::Move($part, $image)
        $image
    } finally { $lock.Dispose() }
}

if ($File) {
    $image = Get-FullPath $File
    if (-not [IO.File]::Exists($image)) { Stop-With "there is no file $File" }
} else {
    $curl = Get-Program 'curl'
    if (-not $curl) { Stop-With 'curl is missing; Windows 10 1803 and later have it' }
    if ($Sums) {
        # redirects to https only: nobody on the network may replace the checksums
        $list = @(Invoke-Curl $Sums @('--proto-redir', '=https', '-sS', '--max-time', '60', '--max-filesize', '4194304'))
        if ($LASTEXITCODE -ne 0) { Stop-With "cannot reach ${Sums}: curl ended with code $LASTEXITCODE" }
        $name = $Url.Split('/')[-1]
        $line = $list | Where-Object { "$_" -match '^[0-9a-fA-F]+ [ *](.+)$' -and $Matches[1].Trim() -eq $name } |
            Select-Object -First 1
        if (-not $line) { Stop-With "$Sums has no checksum of $name" }
        $Checksum = $(if ($Sums -match '512') { 'sha512:' } else { 'sha256:' }) + "$line".Split(' ')[0].ToLower()
    }
    if ($Checksum -notmatch '^(sha256|sha512):([0-9a-f]+)$') { Stop-With 'the checksum must be sha256:... or sha512:...' }
    $image = Get-Image $Matches[1] $Matches[2]
}

# --- conversion ---
function Invoke-Qemu {
    & $qemu @args
    if ($LASTEXITCODE -ne 0) { Stop-With "qemu-img $($args[0]) failed with code $LASTEXITCODE" }
}
$disk = Get-FullPath $Out
$new = "$disk.new"
$larger = "$disk.larger"
foreach ($rest in $new, $larger) { if (Test-Path -LiteralPath $rest) { Remove-Item -LiteralPath $rest } }
$info = (@(Invoke-Qemu info '--output=json' $image) -join "`n") | ConvertFrom-Json
if ($info.'backing-filename' -or $info.'format-specific'.data.'data-file') {
    Stop-With "$image is only a part of an image: it refers to another file"
}
if ($info.format -eq 'raw') {
    # qemu-img calls every unknown file raw; a disk has this mark at the end of its first sector
    $start = New-Object byte[] 512
    $stream = [IO.File]::OpenRead($image)
    try { $read = $stream.Read($start, 0, 512) } finally { $stream.Dispose() }
    if ($read -ne 512 -or $start[510] -ne 0x55 -or $start[511] -ne 0xAA) {
        Stop-With "$image is not a disk image (qcow2, raw, VHDX, VHD, VMDK, VDI), or it is compressed"
    }
}
$from = $image
$format = $info.format
if ($info.'virtual-size' -lt $Gib * 1GB) {
    Invoke-Qemu create -q -f qcow2 -F $format -b $image $larger "${Gib}G"
    $from = $larger
    $format = 'qcow2'
}
Say "converting it to $Out"
Invoke-Qemu convert -f $format -O vhdx -o subformat=dynamic $from $new
if (Test-Path -LiteralPath $larger) { Remove-Item -LiteralPath $larger }

# Hyper-V refuses sparse, compressed and encrypted files (0xC03A001A), and qemu-img writes sparse ones
function Test-Mark($mark) { ((Get-Item -LiteralPath $new).Attributes -band [IO.FileAttributes]::$mark) -ne 0 }
if (Test-Mark 'SparseFile') {
    & fsutil sparse setflag $new 0 | Out-Null
    if (Test-Mark 'SparseFile') { Stop-With "$Out is a sparse file, which Hyper-V refuses, and fsutil cannot change that" }
}
foreach ($mark in 'Compressed', 'Encrypted') {
    if (Test-Mark $mark) {
        Stop-With "the folder of $Out has the attribute $mark, and Hyper-V refuses such disks: remove it in the folder's properties"
    }
}
if (Test-Path -LiteralPath $disk) { Remove-Item -LiteralPath $disk }
[IO.File]::Move($new, $disk)
