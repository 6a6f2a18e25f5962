import { type StoredSample, samplesOf } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { readParquet } from '../read-parquet.ts';
import type { Sender } from './senders.ts';
import { FORGETFUL_POINT, forgetful } from './shapes.ts';

/** What was acknowledged against what is stored: through the API, in the hub's own totals, and in the files without the hub. */
export async function compareStored(
  { findings }: ProofRun,
  hub: HubProcess,
  senders: readonly Sender[],
  others: readonly { compare(): Promise<number> }[],
): Promise<void> {
  const retained = await hub.api('POST', '/storage/retention');
  if (retained.status !== 200) findings.add('what is too old could not be deleted', `${retained.status} ${JSON.stringify(retained.body)}`);
  let total = 0;
  for (const other of others) total += await other.compare();
  for (const sender of senders) {
    const samples = await samplesOf(hub, sender.device);
    total += samples.length;
    compareSender(sender, samples, findings);
    await comparePoints(hub, sender, samples, findings);
  }
  const { body: counted } = await hub.api('GET', '/samples/count');
  if (counted.count !== total) findings.add('the hub counts other samples than it shows', `${counted.count} instead of ${total}`);
  const { status, body } = await hub.api('POST', '/storage/compact', { all: true });
  if (status !== 200) findings.add('the samples could not be moved to files', `${status} ${JSON.stringify(body)}`);
  // Samples without the row of their point are seen here alone.
  const { body: stats } = await hub.api('GET', '/storage');
  if (stats.samples !== total) findings.add('there are samples that belong to no point', `${stats.samples} stored, ${total} shown`);
  const { body: verified } = await hub.api('POST', '/storage/verify');
  if (verified.damaged.length > 0) findings.add('a check of the storage found damage', JSON.stringify(verified.damaged));
  const complaints = hub.complaints();
  if (complaints.length > 0) findings.add('the hub logged errors', complaints[0]);
  if (/not known; they are kept/.test(hub.log())) findings.add('a start found samples of unknown points');
  await hub.stop();
  const files = await readParquet(hub.dataDirectory);
  if (files.rows !== total) findings.add('the files hold other samples than the hub showed', `${files.rows} instead of ${total}`);
  if (files.twice > 0) findings.add('the files hold samples twice', String(files.twice));
  if (files.nameless > 0) findings.add('the files hold samples without a name', String(files.nameless));
}

function compareSender({ device, kind, shape, acknowledged, sent }: Sender, samples: readonly StoredSample[], findings: ProofRun['findings']): void {
  const times = new Map<number, number>();
  for (const { point, time, value } of samples) {
    if (shape === forgetful && point === FORGETFUL_POINT) {
      findings.add('a sample is there that is past its retention', `${device}: ${String(value)}`);
      continue;
    }
    const number = Number(value);
    times.set(number, (times.get(number) ?? 0) + 1);
    if (point !== shape.point(number) || (shape.time(number) ?? time) !== time)
      findings.add('a sample is not what was sent', `${device}: ${point} at ${time} is ${String(value)}`);
  }
  for (const [number, count] of times) {
    if (count > 1) findings.add(`a message over ${kind.toUpperCase()} was stored more than once`, `${device}: ${number}, ${count} times`);
    if (!(number < sent)) findings.add('a value was stored that nobody sent', `${device}: ${number}`);
  }
  for (const number of acknowledged) if (!times.has(number)) findings.add('an acknowledged message was lost', `${device}: ${number} of ${sent}`);
}

/** Each point is known once, with its newest sample as its last value; none is known without a sample, nor the other way round. */
async function comparePoints(hub: HubProcess, { device, shape }: Sender, samples: readonly StoredSample[], findings: ProofRun['findings']): Promise<void> {
  const newest = new Map<string, StoredSample>();
  for (const sample of samples) if (sample.time >= (newest.get(sample.point)?.time ?? 0)) newest.set(sample.point, sample);
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await hub.api('GET', `/points?device=${device}&limit=1000${after}`);
    for (const { path, latest } of body.items) {
      if (seen.has(path)) findings.add('a point is known twice', `${device}: ${path}`);
      seen.add(path);
      if (shape === forgetful && path === FORGETFUL_POINT) continue;
      const expected = newest.get(path);
      // Its row is written with its first sample, in one transaction.
      if (expected === undefined) findings.add('a point is known without a sample', `${device}: ${path}`);
      else if (latest?.time !== expected.time || latest.value !== expected.value)
        findings.add('the last value of a point is not its newest sample', `${device}: ${path} is ${JSON.stringify(latest)}, not ${JSON.stringify(expected)}`);
    }
    cursor = body.cursor;
  } while (cursor !== null);
  for (const path of newest.keys()) if (!seen.has(path)) findings.add('a point with samples is not listed', `${device}: ${path}`);
  const { body } = await hub.api('GET', `/devices/${device}`);
  if (body.points !== seen.size) findings.add('a device counts other points than it has', `${device}: ${body.points} instead of ${seen.size}`);
}
