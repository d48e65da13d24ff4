# Answers as powershell.exe of a fake Windows: one process for all requests, since each start takes seconds. A request is the name
# of a folder in the FIFO FOLDER/queue. The request's folder has
#   args    the arguments, each with a zero byte behind it     cwd    its current folder     stdin    its standard input, if it is read
#   done    a FIFO that gets the exit code, when out and err are written
# FOLDER/state.json is the state before and after each request; FOLDER/log gets a line for each: seconds, exit code, arguments.
param([Parameter(Mandatory = $true)][string]$Folder)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot 'FakeHyperV.psm1')
Import-Module (Join-Path $PSScriptRoot 'FakeWindows.psm1')
Add-Type -TypeDefinition @'
namespace Microsoft.HyperV.PowerShell {
    public class VirtualMachine { }
    public class VirtualizationException : System.Exception { public VirtualizationException(string text) : base(text) { } }
}
'@
New-PSDrive -Name C -PSProvider FileSystem -Root $Folder -Scope Global | Out-Null
$file = Join-Path $Folder 'state.json'
function Read-State { Get-Content -Raw $file | ConvertFrom-Json -AsHashtable }
Set-Fake (Read-State)
foreach ($key in $global:Fake.env.Keys) { Set-Item "env:$key" "$($global:Fake.env[$key])" }
# Vagrant calls Hyper-V\Get-VM and so on
$global:HyperV = @(Get-ChildItem function: | Where-Object { $_.Name -cmatch '^\w+-(VM|VHD)' } | ForEach-Object { $_.Name })
Import-Module (New-Module -Name Hyper-V -ScriptBlock {
    foreach ($name in $global:HyperV) { Invoke-Expression "function $name { $((Get-Item "function:$name").ScriptBlock) }" }
    Export-ModuleMember -Function $global:HyperV
})

# The text that powershell.exe runs for these arguments
function Get-Text($words) {
    $i = 0
    while ($i -lt $words.Count) {
        $word = $words[$i]
        $rest = @($words | Select-Object -Skip ($i + 1))
        if ($word -eq '-ExecutionPolicy') { $i += 2; continue }
        if ($word -in '-NoLogo', '-NoProfile', '-NonInteractive') { $i++; continue }
        if ($word -eq '-Command') { return $rest -join ' ' }
        if ($word -eq '-File') {
            return '& ' + (@($rest | ForEach-Object { if ($_ -match '^-[A-Za-z]\w*$') { $_ } else { "'" + $_.Replace("'", "''") + "'" } }) -join ' ')
        }
        # without a name it is a command, to which Vagrant adds the folder of its modules
        $text = @($words | Select-Object -Skip $i) -join ' '
        if ($text.StartsWith('$env:PSModulePath=')) {
            $text = $text.Replace("+';\", "+':\")
            $text = [regex]::Replace($text, "'[^']*'", { param($quoted) $quoted.Value.Replace('\', '/') })
        }
        return $text
    }
}

$queue = [IO.StreamReader]::new([IO.FileStream]::new((Join-Path $Folder 'queue'), 'Open', 'ReadWrite'))
[IO.File]::WriteAllText((Join-Path $Folder 'ready'), '')
$console = [Console]::Out, [Console]::Error, [Console]::In
$modules = $env:PSModulePath
while ($true) {
    $request = $queue.ReadLine()
    if ($request -eq 'end') { break }
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $words = @([IO.File]::ReadAllText("$request/args").Split([char]0) | Select-Object -SkipLast 1)
    $text = Get-Text $words
    [IO.File]::WriteAllText("$request/command.ps1", $text)
    $out = [IO.StringWriter]::new()
    $errors = [IO.StringWriter]::new()
    [Console]::SetOut($out)
    [Console]::SetError($errors)
    if (Test-Path -LiteralPath "$request/stdin") { [Console]::SetIn([IO.StringReader]::new([IO.File]::ReadAllText("$request/stdin"))) }
    Set-Location -LiteralPath ([IO.File]::ReadAllText("$request/cwd").TrimEnd("`n"))
    $global:LASTEXITCODE = 0
    try {
        Set-Fake (Read-State)
        $global:Fake.log = @()
        Update-Vms
        $ErrorActionPreference = 'Continue'
        & "$request/command.ps1" 6>&1 2>&1 | ForEach-Object {
            if ($_ -is [Management.Automation.ErrorRecord]) { $errors.WriteLine("$_") } else { $out.WriteLine("$_") }
        }
        $code = $global:LASTEXITCODE
    } catch {
        $errors.WriteLine("$($_.Exception.Message)")
        $code = 1
    }
    $ErrorActionPreference = 'Stop'
    $env:PSModulePath = $modules
    [Console]::SetOut($console[0])
    [Console]::SetError($console[1])
    [Console]::SetIn($console[2])
    Set-Location -LiteralPath $Folder
    [IO.File]::WriteAllText("$file.new", ($global:Fake | ConvertTo-Json -Depth 10))
    [IO.File]::Move("$file.new", $file, $true)
    [IO.File]::WriteAllText("$request/out", "$out")
    [IO.File]::WriteAllText("$request/err", "$errors")
    $changes = @($global:Fake.log | ForEach-Object { "    $_`n" }) -join ''
    [IO.File]::AppendAllText((Join-Path $Folder 'log'), "$([math]::Round($watch.Elapsed.TotalSeconds, 2)) s  code $code  $(($words -join ' ').Replace("`n", ' '))`n$changes")
    [IO.File]::WriteAllText("$request/done", "$code`n")
}
