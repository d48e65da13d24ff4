# The rest of a fake Windows: registry, folders, programs and user, for scripts that read them. What the state does not have comes
# from this machine.
#
#   marks     { END OF A PATH: ATTRIBUTES OF THE FILE }   keepsSparse, if fsutil changes nothing
#   versions  { END OF A PATH: ITS VERSION }
#   registry  { KEY: { NAME: VALUE } }   files { PATH: 1 }   programs { NAME: PATH }   here PATH
#   elevated, administrators (of Hyper-V)   yes or no     access [SID], of every folder

class FakeIdentity {
    static [object] GetCurrent() {
        $groups = if ($global:Fake.administrators) { @([pscustomobject]@{ Value = 'S-1-5-32-578' }) } else { @() }
        return [pscustomobject]@{ Groups = $groups }
    }
}
class FakePrincipal {
    FakePrincipal([object]$identity) { }
    [bool] IsInRole([object]$role) { return $global:Fake.elevated -eq $true }
}
# PowerShell finds these before the types of that name, which query Windows
$short = [psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')
if (-not $short::Get.ContainsKey('Security.Principal.WindowsIdentity')) {
    $short::Add('Security.Principal.WindowsIdentity', [FakeIdentity])
    $short::Add('Security.Principal.WindowsPrincipal', [FakePrincipal])
    $short::Add('System.Security.Principal.WindowsIdentity', [FakeIdentity])
    $short::Add('System.Security.Principal.WindowsPrincipal', [FakePrincipal])
}

function Test-Windows($path) { $null -ne $global:Fake.registry -and "$path" -match '^(HKLM:|[A-Z]:\\)' }

function global:Get-ItemProperty {
    [CmdletBinding()] param([Parameter(Position = 0)]$Path)
    $values = $global:Fake.registry[$Path]
    if ($null -eq $values) { throw [InvalidOperationException]::new("Cannot find path '$Path' because it does not exist.") }
    [pscustomobject]$values
}
function global:Test-Path {
    [CmdletBinding()] param([Parameter(Position = 0)]$Path, $LiteralPath)
    $at = if ($LiteralPath) { $LiteralPath } else { $Path }
    if (Test-Windows $at) { return $global:Fake.registry.Contains("$at") -or $global:Fake.files.Contains("$at") }
    Microsoft.PowerShell.Management\Test-Path @PSBoundParameters
}
# state.access: the SIDs that have full control of every folder, also of folders that are created in it
function global:Get-Acl {
    [CmdletBinding()] param([Parameter(Position = 0)]$Path, $LiteralPath)
    if ($null -eq $global:Fake.access) { throw [UnauthorizedAccessException]::new('Attempted to perform an unauthorized operation.') }
    [pscustomobject]@{
        Access = @($global:Fake.access | ForEach-Object {
            $name = [pscustomobject]@{ Sid = $_ }
            $name | Add-Member -MemberType ScriptMethod -Name Translate -Value { param($type) [pscustomobject]@{ Value = $this.Sid } }
            [pscustomobject]@{
                IdentityReference = $name; AccessControlType = 'Allow'; FileSystemRights = 'FullControl'
                InheritanceFlags = 'ContainerInherit, ObjectInherit'; IsInherited = $true
            }
        })
    }
}
function global:Get-Location {
    [CmdletBinding()] param()
    if ($global:Fake.here) { [pscustomobject]@{ Path = $global:Fake.here } } else { Microsoft.PowerShell.Management\Get-Location }
}
# qemu-img.exe writes sparse files on NTFS: state.marks has the attributes of files by the end of their names
function global:Get-Item {
    [CmdletBinding()] param([Parameter(Position = 0)]$Path, $LiteralPath)
    $item = Microsoft.PowerShell.Management\Get-Item @PSBoundParameters
    foreach ($end in @($global:Fake.marks.Keys | Where-Object { $_ })) {
        if ("$($item.FullName)".EndsWith($end)) { return [pscustomobject]@{ FullName = $item.FullName; Attributes = [IO.FileAttributes]$global:Fake.marks[$end] } }
    }
    foreach ($end in @($global:Fake.versions.Keys | Where-Object { $_ })) {
        if ("$($item.FullName)".EndsWith($end)) { return [pscustomobject]@{ FullName = $item.FullName; VersionInfo = [pscustomobject]@{ ProductVersion = $global:Fake.versions[$end] } } }
    }
    $item
}
function global:fsutil {
    if ("$args" -notmatch '^sparse setflag (.+) 0$') { throw "fsutil $args is not part of the fake" }
    $path = $Matches[1]
    $global:Fake.log = @($global:Fake.log) + "fsutil sparse setflag $(Split-Path -Leaf $path) 0"
    if ($global:Fake.keepsSparse) { return }
    foreach ($end in @($global:Fake.marks.Keys)) {
        if ($path.EndsWith($end)) { $global:Fake.marks[$end] = "$($global:Fake.marks[$end])" -replace 'SparseFile(, )?', 'Normal$1' }
    }
}
function global:Get-Command {
    [CmdletBinding()] param([Parameter(Position = 0)]$Name, $CommandType)
    if ("$CommandType" -eq 'Application' -and $null -ne $global:Fake.programs) {
        if ($global:Fake.programs.Contains("$Name")) { [pscustomobject]@{ Source = $global:Fake.programs[$Name] } }
        return
    }
    Microsoft.PowerShell.Core\Get-Command @PSBoundParameters
}
Export-ModuleMember -Function Test-Windows
