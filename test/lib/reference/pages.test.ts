import { describe, expect, test } from 'vitest';
import { CONDITION_KINDS } from '../../../src/lib/alarms/conditions/registry.ts';
import { CHANNELS } from '../../../src/lib/channels/registry.ts';
import { environmentName, SETTINGS, type SettingName } from '../../../src/lib/config/settings.ts';
import { CATALOGUE, EXIT } from '../../../src/lib/errors/catalogue.ts';
import { apiPage } from '../../../src/lib/reference/api-page.ts';
import { channelsPage } from '../../../src/lib/reference/channels-page.ts';
import { commandPages } from '../../../src/lib/reference/command-pages.ts';
import { conditionsPage } from '../../../src/lib/reference/conditions-page.ts';
import { errorsPage } from '../../../src/lib/reference/errors-page.ts';
import { table } from '../../../src/lib/reference/markdown.ts';
import { settingsPage } from '../../../src/lib/reference/settings-page.ts';

const command = {
  id: 'device:list',
  summary: 'List devices',
  description: 'All of <%= config.bin %>.',
  args: { id: { name: 'id', description: 'The device', required: true }, secret: { name: 'secret', hidden: true } },
  flags: {
    kind: { type: 'option', name: 'kind', summary: 'Only this kind', options: ['a', 'b'], default: 'a' },
    dry: { type: 'boolean', name: 'dry', char: 'd', summary: 'Change nothing.', allowNo: true },
    json: { type: 'boolean', name: 'json', summary: 'As JSON', helpGroup: 'GLOBAL' },
  },
  examples: ['<%= config.bin %> <%= command.id %>', { description: 'More:', command: '<%= config.bin %> <%= command.id %> --kind b' }],
  hiddenAliases: [],
  aliases: [],
};
const pages = commandPages({ 'device:list': command, internal: { ...command, id: 'internal', hidden: true } } as unknown as Parameters<typeof commandPages>[0]);

describe('the page of a command', () => {
  const page = pages.get('device.md') ?? '';

  test('shows its use, arguments, flags and examples as a person types them', () => {
    expect(page).toContain('muster device list ID [FLAGS]');
    expect(page).toContain('All of muster.');
    expect(page).toContain('| `--kind <kind>` | Only this kind. One of `a`, `b`. | `a` |');
    expect(page).toContain('| `-d, --[no-]dry` | Change nothing. |  |');
    expect(page).toContain('# More:\nmuster device list --kind b');
  });

  test('leaves flags that many commands share to the index, and what is hidden out', () => {
    expect(page).not.toContain('--json');
    expect(page).not.toContain('SECRET');
    expect(pages.get('README.md')).toContain('| `--json` | As JSON. |  |');
    expect([...pages.keys()]).toEqual(['device.md', 'README.md']);
  });
});

test('every setting and every error has its row', () => {
  for (const name of Object.keys(SETTINGS) as SettingName[]) expect(settingsPage()).toContain(`| \`${name}\` |`);
  for (const name of Object.keys(SETTINGS) as SettingName[]) expect(settingsPage()).toContain(`\`${environmentName(name)}\``);
  for (const code of Object.keys(CATALOGUE)) expect(errorsPage()).toContain(`| \`${code}\` |`);
  for (const exit of Object.values(EXIT)) expect(errorsPage()).toMatch(new RegExp(`^\\| ${exit} \\| \\w`, 'm'));
});

test('every route has its row, under its tag', () => {
  const page = apiPage({
    paths: { '/x/{id}': { get: { summary: 'Show', tags: ['things'], parameters: [{ name: 'limit', in: 'query' }] }, delete: { tags: ['things'] } } },
  });
  expect(page).toContain('## things');
  expect(page).toContain('| `GET /x/{id}` | Show |  | `limit` |');
  expect(page).toContain('`DELETE /x/{id}`');
});

test('a cell cannot break its table', () => {
  expect(table(['a'], [['x | y\nz']])).toBe('| a |\n| --- |\n| x \\| y z |');
});

test('the page of channels has every kind with all of its names, which are secret, and what they mean', () => {
  const page = channelsPage();
  for (const { name, secrets } of CHANNELS) {
    expect(page).toContain(`## ${name}\n`);
    for (const secret of secrets) expect(page).toMatch(new RegExp(`^\\| \`${secret}\` \\| [^|]+ \\| .*secret \\|$`, 'm'));
  }
  expect(page).toMatch(/^\| `host` \| .* \| required \|$/m);
  expect(page).toMatch(/^\| `burst` \| .* \| `10` \| {2}\|$/m);
  // Every name has a meaning.
  expect(page).not.toMatch(/^\| `\w+` \| {2}\|/m);
});

test('the page of conditions has every kind with an example', () => {
  for (const { name } of CONDITION_KINDS) expect(conditionsPage()).toContain(`## ${name}\n`);
  expect(conditionsPage()).toContain('when:\n  bands:\n    - level: minor\n      high: 80');
});
