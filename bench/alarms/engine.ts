// The alarm engine alone, with a disk that answers at once: what a rule on very many points takes of memory and time, and how long the event loop stands still.
// Run: npx esbuild bench/alarms/engine.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench-engine.js && node --expose-gc dist/bench-engine.js [devices] [points of each]
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseRule } from '../../src/lib/alarms/rule-document.ts';
import { defaultSettings } from '../../src/lib/config/settings.ts';
import type { HubEvent } from '../../src/lib/domain/event.ts';
import type { ProjectId } from '../../src/lib/domain/ids.ts';
import type { JsonValue } from '../../src/lib/domain/value.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import { createPresence } from '../../src/lib/fleet/live-presence.ts';
import type { AlarmStorage } from '../../src/lib/storage/alarm-storage.ts';
import type { CommitLog, Statement } from '../../src/lib/storage/commit-log.ts';
import { createSupervision, type HotSupervision } from '../../src/lib/supervision/create-supervision.ts';
import type { HotMaintenances } from '../../src/lib/supervision/maintenances.ts';
import { createRules } from '../../src/lib/supervision/rules.ts';
import { aDevice, aPoint } from '../../test/helpers/fleet.ts';
import { SILENT_LOG } from '../../test/helpers/silent-log.ts';

const PROJECT = 'default' as ProjectId;
const DEVICES = Number(process.argv[2] ?? 10_000);
const POINTS = Number(process.argv[3] ?? 20);
const COUNT = DEVICES * POINTS;
const START = 1_767_225_600_000;

let now = START;
let events = 0;
let evaluationsWritten = 0;
let ids = 0;
const clock = () => now;
const directory = new Directory();
const complete = (event: Omit<HubEvent, 'id' | 'recordedAt'>): HubEvent => {
  ids += 1;
  return { ...event, id: String(ids) as HubEvent['id'], recordedAt: now };
};
const stream = {
  publish(all: readonly HubEvent[]) {
    events += all.length;
  },
};
const recorder = { complete, record: () => undefined };
const statement = (rows: readonly unknown[]): Statement => ({ sql: '', parameters: [JSON.stringify(rows)] });
const none = async () => [];
const storage = {
  rules: { all: none, versions: none, insert: () => [], update: () => [], setEnabled: () => statement([]), remove: () => statement([]) },
  alarms: { live: none, put: statement },
  events: { insert: statement },
  outbox: { insert: statement },
  evaluations: {
    all: () => [],
    put(rows: readonly unknown[]) {
      evaluationsWritten += rows.length;
      return statement(rows);
    },
    removeOfRule: () => statement([]),
  },
  awakeAt: async () => null,
  awake: () => statement([]),
} as unknown as AlarmStorage;
const rules = createRules({
  ...{ storage, recorder, stream, directory, hubLog: SILENT_LOG, clock, rulesPerProjectMax: 100_000 },
  log: { commit: async () => ({ journalId: null }) } as unknown as CommitLog,
  read(document: JsonValue, version: number) {
    const parsed = parseRule(document, { version });
    return parsed.ok ? { rule: parsed.rule } : { problems: parsed.problems };
  },
  onRuleChanged: (change) => supervision.ruleChanged(change),
});
const supervision: HotSupervision = createSupervision({
  ...{
    settings: { ...defaultSettings(), 'limits.alarms-live-per-project': 10_000_000, 'limits.evaluations': 10_000_000 },
    directory,
    storage,
    recorder,
    stream,
  },
  ...{ presence: createPresence(), samples: { read: async function* () {} }, latestKnown: async () => undefined, commit: () => nextTurn(), rules },
  control: { plan: () => ({ commands: [], statements: [], committed: () => undefined, dropped: () => undefined }) },
  notifier: { entriesFor: () => [], committed: () => undefined },
  maintenances: { load: async () => undefined, all: () => [] } as unknown as HotMaintenances,
  ...{ readScope: () => null, closed: () => null, clock, log: SILENT_LOG },
});

for (let device = 0; device < DEVICES; device += 1) {
  const id = `d${String(device).padStart(6, '0')}`;
  directory.putDevice(aDevice(id));
  for (let point = 0; point < POINTS; point += 1) {
    const entry = directory.putPoint(aPoint(id, `p${point}`, device * POINTS + point + 1));
    entry.latest = { time: now, value: 20, quality: 'good', late: false };
  }
}
await supervision.start();
await measured('a message of each device, no rule', () => report(20));
const base = bytes();
await measured('rule on all, bands: in force', () => rules.create(PROJECT, bands(80), 'user:bench'));
await measured('a message of each device', () => report(20));
await measured('a message of each device, bound', () => report(20));
line('memory of each point watched by bands', `${((bytes() - base) / COUNT).toFixed(0)} bytes`);
const before = bytes();
await measured('rule on all, noData: in force', () => rules.create(PROJECT, silent('5m'), 'user:bench'));
await measured('a message of each device', () => report(20));
await measured('a message of each device, bound', () => report(20));
line('memory of each point watched by noData besides', `${((bytes() - before) / COUNT).toFixed(0)} bytes`);
await measured('rule noData changed', () => rules.update(PROJECT, 'silent', silent('6m'), null, 'user:bench'));
now += 3_600_000;
await measured('all silent: raised', async () => {
  supervision.advance();
  await supervision.settled();
});
line('live alarms, events', `${supervision.counts().alarmsLive}, ${events}`);
await measured('all report again: cleared', () => report(20));
await measured('all over the limit: raised', () => report(90));
line('live alarms, events', `${supervision.counts().alarmsLive}, ${events}`);
await measured('rule bands changed', () => rules.update(PROJECT, 'hot', bands(85), null, 'user:bench'));
await measured('rule bands disabled: all withdrawn', () => rules.setEnabled(PROJECT, 'hot', false, 'user:bench'));
await measured('rule noData deleted', () => rules.delete(PROJECT, 'silent', 'user:bench'));
line('live alarms, events, evaluations written', `${supervision.counts().alarmsLive}, ${events}, ${evaluationsWritten}`);
await measured('1,000 rules made', async () => {
  for (let index = 0; index < 1_000; index += 1)
    await rules.create(
      PROJECT,
      { ...(bands(80) as object), id: `r${index}`, scope: { points: '*', device: `d${String(index).padStart(6, '0')}` } } as JsonValue,
      'user:bench',
    );
});
await supervision.stop();

function bands(high: number): JsonValue {
  return { id: 'hot', scope: { points: '*' }, when: { bands: [{ level: 'major', high }] }, requiresAck: false };
}

function silent(after: string): JsonValue {
  return { id: 'silent', scope: { points: '*' }, when: { noData: { after, level: 'minor' } }, requiresAck: false };
}

/** A message with all points of each device, one after the other. */
async function report(value: number): Promise<void> {
  now += 1_000;
  let count = 0;
  for (const device of directory.sortedDevices(PROJECT)) {
    const samples = [...device.points.values()].map((entry) => ({ entry, time: now, value, quality: 'good' as const, late: false }));
    const changes = supervision.evaluator.evaluate(device, samples, now);
    for (const { entry, time } of samples) entry.latest = { time, value, quality: 'good', late: false };
    changes?.committed();
    count += 1;
    if (count % 20 === 0) await nextTurn();
  }
  await supervision.settled();
}

async function measured(what: string, work: () => Promise<unknown>): Promise<void> {
  let longestMs = 0;
  let last = performance.now();
  let running = true;
  const tick = () => {
    const at = performance.now();
    longestMs = Math.max(longestMs, at - last);
    last = at;
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  const startedAt = performance.now();
  await work();
  const elapsedMs = performance.now() - startedAt;
  await nextTurn();
  running = false;
  line(what, `${elapsedMs.toFixed(0)} ms, the loop stood still for ${longestMs.toFixed(0)} ms at most`);
}

function line(what: string, text: string): void {
  process.stdout.write(`${what}: ${text}\n`);
}

function bytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
