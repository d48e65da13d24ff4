# The rest of a stand-in Windows: its registry, folders, programs and user, for scripts that look at them. What the state does not have
# is looked for on this machine.
#
#   registry  { KEY: { NAME: VALUE } }   files { PATH: 1 }   programs { NAME: PATH }   here PATH
#   elevated, administrators (of Hyper-V)   yes or no

class StandInIdentity {
    static [object] GetCurrent() {
        $groups = if ($global:StandIn.administrators) { @([pscustomobject]@{ Value = 'S-1-5-32-578' }) } else { @() }
        return [pscustomobject]@{ Groups = $groups }
    }
}
class StandInPrincipal {
    StandInPrincipal([object]$identity) { }
    [bool] IsInRole([object]$role) { return $global:StandIn.elevated -eq $true }
}
# found before the types of that name, which ask Windows
$short = [psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')
if (-not $short::Get.ContainsKey('Security.Principal.WindowsIdentity')) {
    $short::Add('Security.Principal.WindowsIdentity', [StandInIdentity])
    $short::Add('Security.Principal.WindowsPrincipal', [StandInPrincipal])
}

function Test-Windows($path) { $null -ne $global:StandIn.registry -and "$path" -match '^(HKLM:|[A-Z]:\\)' }

function global:Get-ItemProperty {
    [CmdletBinding()] param([Parameter(Position = 0)]$Path)
    $values = $global:StandIn.registry[$Path]
    if ($null -eq $values) { throw [InvalidOperationException]::new("Cannot find path '$Path' because it does not exist.") }
    [pscustomobject]$values
}
function global:Test-Path {
    [CmdletBinding()] param([Parameter(Position = 0)]$Path, $LiteralPath)
    $at = if ($LiteralPath) { $LiteralPath } else { $Path }
    if (Test-Windows $at) { return $global:StandIn.registry.Contains("$at") -or $global:StandIn.files.Contains("$at") }
    Microsoft.PowerShell.Management\Test-Path -LiteralPath $at
}
function global:Get-Location {
    [CmdletBinding()] param()
    if ($global:StandIn.here) { [pscustomobject]@{ Path = $global:StandIn.here } } else { Microsoft.PowerShell.Management\Get-Location }
}
function global:Get-Command {
    [CmdletBinding()] param([Parameter(Position = 0)]$Name, $CommandType)
    if ("$CommandType" -eq 'Application' -and $null -ne $global:StandIn.programs) {
        if ($global:StandIn.programs.Contains("$Name")) { [pscustomobject]@{ Source = $global:StandIn.programs[$Name] } }
        return
    }
    Microsoft.PowerShell.Core\Get-Command @PSBoundParameters
}
Export-ModuleMember -Function Test-Windows
