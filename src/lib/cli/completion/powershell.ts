import type { CompletionModel } from './model.ts';

export function powershellScript({ bin, commands, words }: CompletionModel): string {
  const wordLines = [...words].map(([path, choices]) => `    ${quote(path)} = @(${choices.map(({ word, summary }) => pair(word, summary)).join(', ')})`);
  const flagLines = commands.map(
    (command) => `    ${quote(command.path)} = @(${command.flags.flatMap((flag) => flag.names.map((name) => pair(name, flag.summary))).join(', ')})`,
  );
  const valueLines = commands.flatMap((command) => [
    ...(command.values.length > 0 ? [`    ${quote(command.path)} = @(${command.values.map(quote).join(', ')})`] : []),
    ...command.flags
      .filter((flag) => flag.values.length > 0)
      .flatMap((flag) => flag.names.map((name) => `    ${quote(`${command.path} ${name}`)} = @(${flag.values.map(quote).join(', ')})`)),
  ]);
  return `# PowerShell completion of ${bin}. For every shell: ${bin} completion powershell >> $PROFILE
Register-ArgumentCompleter -Native -CommandName ${bin} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @{
${wordLines.join('\n')}
  }
  # Short flags differ by case.
  $flags = [System.Collections.Hashtable]::new(@{
${flagLines.join('\n')}
  })
  $values = [System.Collections.Hashtable]::new([System.StringComparer]::Ordinal)
  foreach ($entry in @{
${valueLines.join('\n')}
  }.GetEnumerator()) { $values[$entry.Key] = $entry.Value }
  $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  $at = ''
  foreach ($word in $before) {
    if (-not ($words[$at] | Where-Object { $_[0] -eq $word })) { break }
    $at = if ($at) { "$at $word" } else { $word }
  }
  $flag = if ($before.Count -gt 0 -and $before[-1].StartsWith('-')) { $before[-1] } else { '' }
  $found = @()
  if ($flag -and $values.ContainsKey("$at $flag")) { $found = @($values["$at $flag"] | ForEach-Object { , @($_, $_) }) }
  elseif ($wordToComplete.StartsWith('-')) { $found = @($flags[$at]) }
  elseif ($words.ContainsKey($at)) { $found = @($words[$at]) }
  elseif ($values.ContainsKey($at)) { $found = @($values[$at] | ForEach-Object { , @($_, $_) }) }
  $found | Where-Object { $_ -and $_[0].StartsWith($wordToComplete) } | ForEach-Object {
    $tip = if ($_[1]) { $_[1] } else { $_[0] }
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $tip)
  }
}
`;
}

function pair(word: string, summary: string): string {
  return `@(${quote(word)}, ${quote(summary)})`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
