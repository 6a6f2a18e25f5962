import { existsSync, readFileSync, statSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import type { Random } from '../../../src/lib/simulation/random.ts';
import { ask } from '../ask.ts';
import { signIn } from '../client.ts';
import type { Findings } from '../findings.ts';
import type { HubProcess } from '../hub-process.ts';
import type { FleetRow } from './fleet-file.ts';

interface Result {
  readonly line: string;
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly reason: string;
  readonly username: string;
  readonly secret: string;
}

interface StoredDevice {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly parent: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Imported {
  readonly hub: HubProcess;
  readonly rows: readonly FleetRow[];
  readonly resultsFile: string;
  readonly findings: Findings;
  readonly random: Random;
}

/** One secret in so many is tried, and some at least. */
const ROWS_PER_TRY = 250;
const TRIES_MIN = 30;

/** Exactly the good rows are devices, as written; each row has its result; the secrets in the results work. Gives how many were tried. */
export async function judgeImport(imported: Imported): Promise<number> {
  await judgeDevices(imported);
  return judgeSecrets(imported, judgeResults(imported));
}

async function judgeDevices({ hub, rows, findings }: Imported): Promise<void> {
  const stored = new Map<string, StoredDevice>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await hub.api('GET', `/devices?limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    if (status !== 200) throw new Error(`the devices could not be listed: ${status} ${JSON.stringify(body)}`);
    for (const device of body.items as StoredDevice[]) {
      if (stored.has(device.id)) findings.add('a device was listed twice', device.id);
      stored.set(device.id, device);
    }
    cursor = body.cursor;
  }
  const good = new Map(rows.filter(({ wrong }) => wrong === null).map((row) => [row.id, row]));
  for (const [id, { kind, name, parent, site }] of good) {
    const device = stored.get(id);
    if (device === undefined) findings.add('a good row is no device', id);
    else if (device.kind !== kind || device.name !== name || (device.parent ?? '') !== parent || device.labels.site !== site)
      findings.add('a device is not as its row says', `${id}: ${JSON.stringify(device)}`);
  }
  for (const id of stored.keys()) if (!good.has(id)) findings.add('there is a device that no good row asked for', id);
}

function judgeResults({ rows, resultsFile, findings }: Imported): Result[] {
  if (existsSync(`${resultsFile}.part`)) findings.add('the note of what is under way is left behind');
  const mode = statSync(resultsFile).mode & 0o777;
  if (mode !== 0o600) findings.add('the results can be read by others', mode.toString(8));
  const results = parse(readFileSync(resultsFile), { columns: true }) as Result[];
  if (results.length !== rows.length) findings.add('the results have another number of rows than the file', `${results.length} of ${rows.length}`);
  const secrets = new Set<string>();
  for (const [index, { line, id, wrong }] of rows.entries()) {
    const result = results[index];
    const shown = `line ${line}, ${id}: ${JSON.stringify({ ...result, secret: undefined })}`;
    if (result === undefined || Number(result.line) !== line) findings.add('a row has no result in its place', shown);
    else if (wrong === null && (result.status !== 'created' || result.id !== id || result.username !== id)) findings.add('a good row was not created', shown);
    else if (wrong !== null && (result.status !== 'failed' || result.reason === '' || result.code === ''))
      findings.add('a bad row is not named with its reason', `${wrong}: ${shown}`);
    else if (wrong === null && result.secret === '') findings.add('a device has no secret in the results', shown);
    else if (wrong === null) secrets.add(result.secret);
  }
  const good = rows.filter(({ wrong }) => wrong === null).length;
  if (secrets.size !== good) findings.add('a secret was given twice', `${secrets.size} for ${good} devices`);
  return results.filter(({ status }) => status === 'created');
}

/** Over HTTP and MQTT in turn; and each of these devices has one credential, not one of each try. */
async function judgeSecrets({ hub, findings, random }: Imported, created: readonly Result[]): Promise<number> {
  const tried = Math.min(Math.max(TRIES_MIN, Math.round(created.length / ROWS_PER_TRY)), created.length);
  for (let count = 0; count < tried; count += 1) {
    const result = created[Math.floor(random() * created.length)] as Result;
    const works = await (count % 2 === 0 ? worksOverHttp(hub, result) : worksOverMqtt(hub, result));
    if (!works) findings.add('a secret of the results does not work', `line ${result.line}, ${result.id}`);
    const { body } = await hub.api('GET', `/devices/${result.id}/credentials`);
    if (body.items?.length !== 1) findings.add('a device has not exactly one credential', `${result.id}: ${JSON.stringify(body)}`);
  }
  return tried;
}

async function worksOverHttp(hub: HubProcess, { id, secret }: Result): Promise<boolean> {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const { status } = await ask(`${hub.url}/api/v1/devices/${id}/report`, { method: 'POST', headers, body: '{"power":1}', deadlineMs: 30_000 });
  return status === 202;
}

async function worksOverMqtt(hub: HubProcess, { id, secret }: Result): Promise<boolean> {
  const client = await signIn(hub.mqttPort, { username: id, password: secret });
  const code = (await client?.publish(`devices/${id}/report`, '{"power":1}')) ?? null;
  client?.end();
  return code === 0;
}
