import { generatedPage, table } from './markdown.ts';

/** docs/reference/README.md */
export function indexPage(): string {
  const rows = [
    ['[Commands](commands/README.md)', 'every command with its flags and examples'],
    ['[Settings](settings.md)', 'of a hub: names, defaults, flags, variables'],
    ['[Errors and exit codes](errors.md)', 'every code, and what to do'],
    ['[Kinds of conditions](conditions.md)', 'what an alarm rule looks for'],
    ['[Kinds of channels](channels.md)', 'what their configuration holds'],
    ['[The API](api.md)', 'every route; [openapi.json](openapi.json) has the shapes'],
  ];
  return generatedPage('Reference', 'the code', table(['page', 'what it lists'], rows));
}
