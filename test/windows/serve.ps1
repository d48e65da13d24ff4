# Answers as powershell.exe of a fake Windows: one process for all requests, since each start takes
# seconds. A request is the path of a folder, a line in the FIFO FOLDER/queue. The folder has:
#   args    the arguments, with a zero byte after each
#   cwd     the current folder
#   stdin   the standard input, if it is read
#   done    a FIFO, which gets the exit code when the output is in the files out and err
# FOLDER/state.json is the state before and after each request. FOLDER/log gets a line for each
# request (seconds, exit code, arguments), and then one for each change, indented.
param([Parameter(Mandatory = $true)][string]$Folder)
$ErrorActionPreference = 'Stop'
Add-Type -TypeDefinition @'
namespace Microsoft.HyperV.PowerShell {
    public class VirtualMachine { }
    public class VirtualizationException : System.Exception { public VirtualizationException(string text) : base(text) { } }
}
'@
Import-Module (Join-Path $PSScriptRoot 'FakeHyperV.psm1')
Import-Module (Join-Path $PSScriptRoot 'FakeWindows.psm1')
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
            # a path, also without a folder
            $rest = @($rest)
            $rest[0] = [IO.Path]::Combine([IO.File]::ReadAllText("$request/cwd").TrimEnd("`n"), $rest[0])
            $quoted = $rest | ForEach-Object { if ($_ -match '^-[A-Za-z]\w*$') { $_ } else { "'" + $_.Replace("'", "''") + "'" } }
            return '& ' + (@($quoted) -join ' ')
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
    if ([IO.File]::Exists("$request/stdin")) {
        [Console]::SetIn([IO.StringReader]::new([IO.File]::ReadAllText("$request/stdin")))
    }
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
    $line = "$([math]::Round($watch.Elapsed.TotalSeconds, 2)) s  code $code  $(($words -join ' ').Replace("`n", ' '))"
    [IO.File]::AppendAllText((Join-Path $Folder 'log'), "$line`n$changes")
    [IO.File]::WriteAllText("$request/done", "$code`n")
}
