# Completion of tfa-admin for PowerShell; made by "tfa-admin completion powershell".
Register-ArgumentCompleter -Native -CommandName tfa-admin, tfa-admin.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.ToString().Trim("'", '"') })
    & $commandAst.CommandElements[0].ToString() __complete "=$wordToComplete" @words 2>$null |
        ForEach-Object {
            $text = if ($_ -match '[^\w.=:@#-]') { "'" + $_.Replace("'", "''") + "'" } else { $_ }
            [System.Management.Automation.CompletionResult]::new($text, $_, 'ParameterValue', $_)
        }
}
