import { expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub } from '../helpers/hub.ts';
import { readXlsx, requireSpreadsheetReader } from '../helpers/read-xlsx.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { waitUntil } from '../helpers/wait-until.ts';

it('alarms come as a file, live ones and the history, by the filters of the list', async (context) => {
  const hub = await startHub();
  const api = apiOf(hub.url, hub.token);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of the rule's own.
  const message = '=${device.name} is hot';
  const rule = { scope: { points: ['t'] }, when: { bands: [{ level: 'critical', high: 80 }] }, requiresAck: false, message };
  expect((await api('POST', '/rules', { id: 'hot', ...rule })).status).toBe(201);
  for (const id of ['over', 'live']) {
    await api('POST', '/devices', { id });
    await api('POST', `/devices/${id}/report`, { t: 90 });
  }
  await api('POST', '/devices/over/report', { t: 20 });
  await waitUntil(async () => (await api('GET', '/alarms?closed=true')).body.items.length === 1, 'one alarm is closed');
  const exported = async (...args: string[]) => {
    const { code, stdout, stderr } = await runMuster(['alarm', 'export', '--format', 'ndjson', ...args], { env: hub.env });
    expect(`${code} ${stderr}`).toBe('0 ');
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  const all = await exported();
  expect(all.map(({ device, state, rule: of, closedAt }) => [device, state, of, closedAt === null])).toEqual([
    ['live', 'acknowledged', 'hot', true],
    ['over', 'normal', 'hot', false],
  ]);
  const names = (rows: { device: string }[]) => rows.map(({ device }) => device);
  expect(names(await exported('--no-closed'))).toEqual(['live']);
  expect(names(await exported('--closed'))).toEqual(['over']);
  expect(names(await exported('--device', 'over', '--severity', 'major+'))).toEqual(['over']);
  expect(await exported('--severity', 'minor')).toEqual([]);
  const csv = await (await fetch(`${hub.url}/api/v1/alarms/export`, { headers: { authorization: `Bearer ${hub.token}` } })).text();
  expect(csv).toContain("'=live is hot");
  const device = (await api('POST', '/devices', { id: 'curious', credential: 'token' })).body.credential.secret;
  expect((await apiOf(hub.url, device)('GET', '/alarms/export')).status).toBe(403);
  requireSpreadsheetReader(context);
  const xlsx = await fetch(`${hub.url}/api/v1/alarms/export?format=xlsx`, { headers: { authorization: `Bearer ${hub.token}` } });
  const [sheet] = readXlsx(new Uint8Array(await xlsx.arrayBuffer()));
  const heading = sheet?.rows[0] ?? [];
  expect(sheet?.rows.slice(1).map((row) => [row[heading.indexOf('device')], row[heading.indexOf('message')], row[heading.indexOf('value')]])).toEqual([
    ['live', '=live is hot', 90],
    ['over', '=over is hot', 20],
  ]);
});
