import { type StoredSample, samplesOf } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { readParquet } from '../read-parquet.ts';
import { type Sender, TIMED_FROM } from './senders.ts';

/** What was acknowledged against what is stored: through the API, in the hub's own totals, and in the files without the hub. */
export async function compareStored({ findings }: ProofRun, hub: HubProcess, senders: readonly Sender[]): Promise<void> {
  let total = 0;
  for (const sender of senders) {
    const samples = await samplesOf(hub, sender.device);
    total += samples.length;
    compareSender(sender, samples, findings);
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

function compareSender({ device, kind, acknowledged, sent }: Sender, samples: readonly StoredSample[], findings: ProofRun['findings']): void {
  const times = new Map<number, number>();
  for (const { point, time, value } of samples) {
    const number = Number(value);
    times.set(number, (times.get(number) ?? 0) + 1);
    const expected = point.startsWith('new/') ? `new/${number}` : point.startsWith('turn/') ? `turn/${number % 200}` : 'timed';
    if (point !== expected || (point === 'timed' && time !== TIMED_FROM + number))
      findings.add('a sample is not what was sent', `${device}: ${point} at ${time} is ${String(value)}`);
  }
  for (const [number, count] of times) {
    if (count > 1) findings.add(`a message over ${kind.toUpperCase()} was stored more than once`, `${device}: ${number}, ${count} times`);
    if (!(number < sent)) findings.add('a value was stored that nobody sent', `${device}: ${number}`);
  }
  for (const number of acknowledged) if (!times.has(number)) findings.add('an acknowledged message was lost', `${device}: ${number} of ${sent}`);
}
