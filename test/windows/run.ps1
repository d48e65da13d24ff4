# Runs scripts on a fake Windows. Takes a JSON file [{ state, runs: [{ script, words, change, vm,
# kill, fail }] }] and prints JSON: for each run its exit code, its output, its changes, and the
# state after it. The runs of one entry use the same Windows, one after the other. Their folder has all
# the characters in its path that PowerShell and shells interpret: our scripts take each path literally.
param([Parameter(Mandatory = $true)][string]$File)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot 'FakeHyperV.psm1')
Import-Module (Join-Path $PSScriptRoot 'FakeWindows.psm1')
$all = [Collections.Generic.List[object]]::new()
foreach ($entry in (Get-Content -Raw $File | ConvertFrom-Json -AsHashtable)) {
    $name = "homelab-gpu-windows-$PID-$([guid]::NewGuid())" + ' O''Brien [1] $HOME %TEMP% `n & (x86) größe'
    $global:Folder = Join-Path ([IO.Path]::GetTempPath()) $name
    [IO.Directory]::CreateDirectory($global:Folder) | Out-Null
    Set-Location -LiteralPath $global:Folder
    Get-PSDrive C -ErrorAction SilentlyContinue | Remove-PSDrive
    New-PSDrive -Name C -PSProvider FileSystem -Root $global:Folder -Scope Global | Out-Null
    $state = $entry.state
    $results = foreach ($run in $entry.runs) {
        if ($run.change) { foreach ($key in $run.change.Keys) { $state[$key] = $run.change[$key] } }
        if ($run.removeVm) { $state.vms = @() }
        if ($run.vm) { foreach ($vm in @($state.vms)) { foreach ($key in $run.vm.Keys) { $vm[$key] = $run.vm[$key] } } }
        $state.log = @()
        if ($state.env) { foreach ($key in $state.env.Keys) { Set-Item "env:$key" "$($state.env[$key])" } }
        $state.kill = $run.kill
        $state.fail = if ($run.fail) { $run.fail } else { @{} }
        Set-Fake $state
        $errors = [IO.StringWriter]::new()
        $console = [Console]::Error
        [Console]::SetError($errors)
        $global:LASTEXITCODE = 0
        $words = @{}
        if ($run.words) { $words = $run.words }
        $out = @()
        try {
            $out = @(& $run.script @words 2>&1 | ForEach-Object { "$_" })
            $code = $global:LASTEXITCODE
        } catch {
            $errors.WriteLine("$($_.Exception.Message)")
            $code = 1
        }
        [Console]::SetError($console)
        $killed = $null -ne $global:EndedState
        if ($killed) {
            $state = $global:EndedState.state | ConvertFrom-Json -AsHashtable
            Get-ChildItem -Recurse -File -LiteralPath $global:Folder | ForEach-Object { [IO.File]::Delete($_.FullName) }
            foreach ($saved in @($global:EndedState.files.GetEnumerator())) { [IO.File]::WriteAllText($saved.Key, $saved.Value) }
        } else {
            $state = $global:Fake
        }
        $files = @(Get-ChildItem -Recurse -File -LiteralPath $global:Folder | ForEach-Object { @{ path = $_.FullName.Substring($global:Folder.Length + 1); text = [IO.File]::ReadAllText($_.FullName).Trim() } })
        @{
            code = $code; out = $out; error = "$errors".Trim(); killed = $killed; log = @($state.log); files = $files
            state = ($state | ConvertTo-Json -Depth 10 | ConvertFrom-Json -AsHashtable)
        }
    }
    Set-Location $PSScriptRoot
    Remove-Item -Recurse -LiteralPath $global:Folder
    $all.Add(@($results))
}
ConvertTo-Json -Depth 12 -Compress -InputObject $all
