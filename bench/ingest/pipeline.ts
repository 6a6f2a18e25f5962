// The spine alone, without a wire or a disk: messages per second of processor time. --rules: with every point under bands, against none, in turn.
// Run: npx esbuild bench/ingest/pipeline.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench-pipeline.js && node dist/bench-pipeline.js

import { parseRule } from '../../src/lib/alarms/rule-document.ts';
import type { Device } from '../../src/lib/domain/device.ts';
import type { DeviceType } from '../../src/lib/domain/device-type.ts';
import type { ProjectId, SeriesId } from '../../src/lib/domain/ids.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import { loadFormats } from '../../src/lib/formats/registry.ts';
import type { AlarmEvaluator } from '../../src/lib/ingest/alarm-evaluator.ts';
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
import { createRuleState } from '../../src/lib/supervision/rule-state.ts';
import { createSampleEvaluator, type SampleEvaluatorPorts } from '../../src/lib/supervision/sample-evaluator.ts';
import { createWatches } from '../../src/lib/supervision/watches.ts';

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

/** Bands around all values: nothing is raised, as nearly always. */
function evaluatorOf(directory: Directory, count: number): AlarmEvaluator {
  const watches = createWatches(
    1_000_000,
    () => undefined,
    (device) => directory.membershipOf(device),
  );
  for (let index = 0; index < count; index += 1) {
    const bands = [
      { level: 'warning', high: 100 + index, deadband: 2 },
      { level: 'critical', high: 200 + index },
      { level: 'minor', low: -100 - index },
    ];
    const parsed = parseRule({ id: `rule-${index}`, scope: { points: ['*'] }, when: { bands } }, { version: 1 });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    watches.replace('default' as ProjectId, parsed.rule.id, createRuleState('default' as ProjectId, parsed.rule));
  }
  const nothing = new Proxy({}, { get: () => () => undefined });
  const ledger = { isEmpty: true, take: () => null, commit: () => Promise.resolve() };
  const onFailed = (_state: unknown, error: unknown) => {
    throw error;
  };
  return createSampleEvaluator({
    ...{ directory, watches, clock: Date.now, scriptQueueMax: 1, onFailed },
    ...({ presence: nothing, keeper: nothing, ledger, clockwork: nothing, late: nothing } as unknown as Pick<
      SampleEvaluatorPorts,
      'presence' | 'keeper' | 'ledger' | 'clockwork' | 'late'
    >),
  });
}

async function measure(points: number, devicesCount: number, rules: number): Promise<number> {
  const directory = directoryOf(devicesCount, points);
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
    context: { directory, chooseFormat: await loadFormats(), allocateSeries, limits, ...(rules > 0 && { alarms: evaluatorOf(directory, rules) }) },
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

const sizes = (process.argv.find((given) => given.startsWith('--points='))?.slice(9) ?? '1,3,10').split(',').map(Number);
if (process.argv.includes('--rules')) await compareRules();
else await measureAll();

async function measureAll(): Promise<void> {
  const rates: { points: number; messagesPerSecond: number }[] = [];
  for (const points of sizes) rates.push({ points, messagesPerSecond: Math.round(await measure(points, 100, 0)) });
  if (process.argv.includes('--json')) {
    process.stdout.write(JSON.stringify(rates));
    return;
  }
  for (const { points, messagesPerSecond } of rates)
    process.stdout.write(`${points} points per message: ${messagesPerSecond} messages, ${messagesPerSecond * points} points per second of processor time\n`);
}

/** 100,000 points; the order turns, and the middle of five counts. */
async function compareRules(): Promise<void> {
  for (const points of sizes) {
    const devices = Math.ceil(100_000 / points);
    const rates = new Map<number, number[]>();
    for (let round = 0; round < 5; round += 1) {
      for (const rules of round % 2 === 0 ? [0, 1, 5] : [5, 1, 0]) rates.set(rules, [...(rates.get(rules) ?? []), await measure(points, devices, rules)]);
    }
    const middle = (rules: number) => [...(rates.get(rules) ?? [])].sort((a, b) => a - b)[2] ?? 0;
    for (const rules of [0, 1, 5]) {
      const rate = Math.round(middle(rules));
      process.stdout.write(
        `${points} points per message, ${rules} rules on each of ${devices * points} points: ${rate} messages per second of processor time, ${((rate / middle(0)) * 100).toFixed(1)} %\n`,
      );
    }
  }
}
