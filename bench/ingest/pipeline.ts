// The spine alone, without a wire or a disk: messages per second of processor time.
// Run: npx esbuild bench/ingest/pipeline.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench-pipeline.js && node dist/bench-pipeline.js
import type { Device } from '../../src/lib/domain/device.ts';
import type { DeviceType } from '../../src/lib/domain/device-type.ts';
import type { SeriesId } from '../../src/lib/domain/ids.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import { loadFormats } from '../../src/lib/formats/registry.ts';
import { createGroupCommit } from '../../src/lib/ingest/group-commit.ts';
import type { AnswerReceiver } from '../../src/lib/ingest/ingest.ts';
import { createPipeline } from '../../src/lib/ingest/pipeline.ts';
import { createRejectJournal } from '../../src/lib/ingest/reject-journal.ts';
import { publishCommitted } from '../../src/lib/server/publish-committed.ts';
import type { CommitLog } from '../../src/lib/storage/commit-log.ts';
import type { SampleStore } from '../../src/lib/storage/sample-store.ts';
import type { SystemStore } from '../../src/lib/storage/system/system-store.ts';
import { createLiveStream } from '../../src/lib/stream/live-stream.ts';
import { createSubscriberSeats } from '../../src/lib/stream/subscriber-seats.ts';

const MESSAGES = 200_000;
const IN_FLIGHT = 5_000;
const COMMIT_MS = 5;

function directoryOf(devices: number, points: number): Directory {
  const directory = new Directory();
  const declared = Array.from({ length: points }, (_, index) => ({ path: `point/${index}`, kind: 'measure', valueType: 'number', min: null, max: null }));
  directory.putType({ id: 'bench', project: 'default', mode: 'strict', points: declared } as unknown as DeviceType);
  for (let index = 0; index < devices; index += 1) {
    const device = {
      id: `device-${index}`,
      project: 'default',
      name: '',
      kind: 'device',
      type: 'bench',
      parent: null,
      state: 'active',
      labels: {},
      aliases: {},
      createdAt: 0,
      updatedAt: 0,
    };
    directory.putDevice(device as unknown as Device);
  }
  return directory;
}

/** As small as what an adapter keeps of a message. */
class Receiver implements AnswerReceiver {
  readonly taken: () => void;

  constructor(taken: () => void) {
    this.taken = taken;
  }

  notTaken(error: unknown): void {
    throw error;
  }
}

async function measure(points: number): Promise<number> {
  const directory = directoryOf(100, points);
  let journalId = 0;
  let series = 0;
  const log: CommitLog = {
    commit: () =>
      new Promise((resolve) =>
        setTimeout(() => {
          journalId += 1;
          resolve({ journalId, changes: [] });
        }, COMMIT_MS),
      ),
    applied: () => undefined,
    lastJournalId: 0,
    depth: 0,
  };
  const statement = () => ({ sql: '', parameters: [] });
  const system = { points: { ensure: statement }, rejects: { insert: statement, trim: () => [] } } as unknown as SystemStore;
  const limits = {
    readingsPerMessage: 10_000,
    pointsPerDevice: 10_000,
    pointsPerProject: 1e6,
    valueBytesMax: 65_536,
    earliestTime: 0,
    futureMaxMs: 86_400_000,
    lateAfterMs: 600_000,
  };
  const allocateSeries = () => {
    series += 1;
    return series as SeriesId;
  };
  const pipeline = createPipeline({
    context: { directory, chooseFormat: await loadFormats(), allocateSeries, limits },
    system,
    commit: createGroupCommit(
      log,
      IN_FLIGHT * 2,
      publishCommitted({
        store: { committed: () => undefined } as unknown as SampleStore,
        stream: createLiveStream(directory, { queueMax: 100, queueBytesMax: 1e6, seats: createSubscriberSeats(10) }),
      }),
    ),
    rejects: createRejectJournal(system.rejects, 100),
    meter: { answered: () => undefined, failed: () => undefined, limited: () => undefined, repeated: () => undefined, heldBack: () => undefined },
  });
  const values = Object.fromEntries(Array.from({ length: points }, (_, index) => [`point/${index}`, index * 1.5]));
  const payload = Buffer.from(JSON.stringify({ ts: Date.now(), values }));
  const devices = [...directory.devices()];
  let sent = 0;
  let done = 0;
  const before = process.cpuUsage();
  await new Promise<void>((finished) => {
    const taken = () => {
      done += 1;
      if (done === MESSAGES) finished();
    };
    const send = () => {
      while (sent - done < IN_FLIGHT && sent < MESSAGES) {
        const device = devices[sent % devices.length]?.device;
        if (!device) return;
        sent += 1;
        const message = {
          device,
          principal: { kind: 'open' as const },
          protocol: 'bench',
          address: null,
          topic: null,
          contentType: null,
          payload,
          receivedAt: Date.now(),
        };
        void pipeline.accept(message, new Receiver(taken))?.then(taken);
      }
      if (sent < MESSAGES) setImmediate(send);
    };
    send();
  });
  const { user, system: kernel } = process.cpuUsage(before);
  return (MESSAGES / (user + kernel)) * 1e6;
}

const rates: { points: number; messagesPerSecond: number }[] = [];
const sizes = (process.argv.find((given) => given.startsWith('--points='))?.slice(9) ?? '1,3,10').split(',').map(Number);
for (const points of sizes) rates.push({ points, messagesPerSecond: Math.round(await measure(points)) });
if (process.argv.includes('--json')) process.stdout.write(JSON.stringify(rates));
else {
  for (const { points, messagesPerSecond } of rates)
    process.stdout.write(`${points} points per message: ${messagesPerSecond} messages, ${messagesPerSecond * points} points per second of processor time\n`);
}
