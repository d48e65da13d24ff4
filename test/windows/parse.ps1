# Parses PowerShell texts with PowerShell's own parser. Takes a JSON file [{name, text}] and prints
# JSON: for each text its errors, and its commands with their parameters as written.
param([Parameter(Mandatory = $true)][string]$File)
$ErrorActionPreference = 'Stop'
$all = foreach ($one in (Get-Content -Raw $File | ConvertFrom-Json)) {
    $tokens = $null
    $errors = $null
    $ast = [Management.Automation.Language.Parser]::ParseInput($one.text, [ref]$tokens, [ref]$errors)
    $own = @($ast.FindAll({ $args[0] -is [Management.Automation.Language.FunctionDefinitionAst] }, $true) | ForEach-Object { $_.Name })
    $commands = foreach ($command in $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
        $name = $command.GetCommandName()
        if (-not $name -or $own -contains $name) { continue }
        $named = @()
        $splatted = $false
        $elements = @($command.CommandElements | Select-Object -Skip 1)
        foreach ($element in $elements) {
            if ($element -is [Management.Automation.Language.CommandParameterAst]) {
                $named += @{ name = $element.ParameterName; value = ($null -ne $element.Argument) }
            } elseif ($element -is [Management.Automation.Language.VariableExpressionAst] -and $element.Splatted) {
                $splatted = $true
            } else {
                # after a parameter it can be its value: the caller, who knows the parameter,
                # decides
                $named += @{ name = $null; value = $true }
            }
        }
        @{
            name = $name; line = $command.Extent.StartLineNumber; text = $command.Extent.Text; parts = $named; splatted = $splatted
            piped = $command.Parent -is [Management.Automation.Language.PipelineAst] -and $command.Parent.PipelineElements.IndexOf($command) -gt 0
        }
    }
    @{
        name = $one.name
        errors = @($errors | ForEach-Object { '{0}: {1}' -f $_.Extent.StartLineNumber, $_.Message })
        commands = @($commands)
    }
}
ConvertTo-Json -Depth 6 -Compress @($all)
