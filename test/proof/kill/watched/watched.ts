import { isDeepStrictEqual } from 'node:util';
import { displayState } from '../../../../src/lib/alarms/state/display-state.ts';
import type { AlarmRecord } from '../../../../src/lib/domain/alarm.ts';
import type { HubEvent } from '../../../../src/lib/domain/event.ts';
import type { NotifyCause, OutboxEntry } from '../../../../src/lib/domain/notification.ts';
import { createRandom, seedFor } from '../../../../src/lib/simulation/random.ts';
import { createDevice, samplesOf } from '../../fleet.ts';
import type { HubProcess } from '../../hub-process.ts';
import { doorsOf, tcpDoor } from '../../mqtt/doors.ts';
import type { Figures, ProofRun } from '../../proof.ts';
import { comesTrue } from '../../waiting.ts';
import { createHttpSender, createMqttSender, type Sender } from '../senders.ts';
import { createOperator } from './operator.ts';
import { createReceiver, TIMEOUT_MS } from './receiver.ts';
import { replay } from './replay.ts';
import { CALM, EAGER, RULES, SILENT, SILENT_AFTER_MS, watches } from './rules.ts';
import { createWave, type Wave } from './wave.ts';

/** Between a failed attempt and the next one lies a second or more. */
const TOLD_WITHIN_MS = 120_000;
const SILENT_WITHIN_MS = 15_000;
const QUIET_WITHIN_MS = 15_000;
const EAGER_WINDOW = 4;
const PACE_MS = 40;
const CHANNELS = ['pager', 'gathering'] as const;

/** Alarm rules in force over devices whose values cross limits, people who act on the alarms, and somebody who is told. */
export interface Watched {
  begin(): void;
  /** False when somebody got no answer any more. */
  finish(deadlineMs: number): Promise<boolean>;
  stop(): Promise<void>;
  /** All of it against what the samples imply. Gives the number of samples. */
  compare(): Promise<number>;
  readonly figures: () => Figures;
}

export async function createWatched(run: ProofRun, hub: HubProcess): Promise<Watched> {
  const { scope, seed, findings } = run;
  const random = (name: string) => createRandom(seedFor(seed, `watched ${name}`));
  const receiver = await createReceiver(scope, random('receiver'), findings);
  await openChannels(hub, receiver.url);
  for (const { document } of RULES) await made(hub, '/rules', document);

  const senders: (Sender & { readonly shape: Wave })[] = [];
  const mqtt = async (id: string, version: 4 | 5, qos: 1 | 2, window: number) => {
    const shape = createWave(random(id));
    const door = version === 4 ? tcpDoor(() => hub.mqttPort) : doorsOf(hub).tls;
    const options = {
      device: id,
      credentials: await createDevice(hub, id),
      version,
      qos,
      door,
      findings,
      random: random(`${id} pace`),
      window,
      paceMs: PACE_MS,
    };
    senders.push(Object.assign(createMqttSender({ ...options, shape }), { shape }));
  };
  const http = async (id: string, withKey: boolean) => {
    const shape = createWave(random(id));
    const { password: token } = await createDevice(hub, id);
    const options = { device: id, token, hub, withKey, findings, random: random(`${id} pace`), window: 1, paceMs: PACE_MS };
    senders.push(Object.assign(createHttpSender({ ...options, shape }), { shape }));
  };
  await mqtt(`${CALM}qos1`, 4, 1, 1);
  await mqtt(`${CALM}qos2`, 5, 2, 1);
  await http(`${CALM}key`, true);
  await http(`${CALM}time`, false);
  await mqtt(`${EAGER}qos1`, 5, 1, EAGER_WINDOW);
  await mqtt(`${EAGER}qos2`, 4, 2, EAGER_WINDOW);
  const operator = createOperator(hub, random('operator'), findings);
  const figures = { changes: 0, told: 0, actions: 0, repeated: 0 };

  return {
    begin() {
      for (const sender of senders) sender.begin();
      operator.begin();
    },
    async finish(deadlineMs) {
      const finished = await Promise.all(senders.map((sender) => sender.finish(deadlineMs)));
      await operator.finish();
      return finished.every(Boolean);
    },
    async stop() {
      await Promise.all(senders.map((sender) => sender.stop()));
    },
    async compare() {
      await untilSilent();
      await untilQuiet();
      const journal = (await allOf<HubEvent>(hub, '/events?order=asc&limit=10000')).filter(({ kind }) => kind.startsWith('alarm.'));
      const alarms = await allOf<Shown>(hub, '/alarms?closed=any&limit=10000');
      const told = new Map<string, NotifyCause>();
      const expected = new Map<string, AlarmRecord>();
      for (const { device, shape } of senders) {
        for (const { rule } of RULES) {
          if (!watches(rule, device)) continue;
          const own = journal.filter((event) => event.rule === rule.id && event.device === device && event.details['historical'] !== true);
          const replayed = replay(rule, device, shape.readings, own, findings);
          for (const [id, record] of replayed.records) expected.set(id, record);
          for (const [event, cause] of replayed.told) told.set(event, cause);
          figures.changes += own.length;
        }
      }
      compareAlarms(expected, alarms);
      compareActions(journal);
      figures.told = told.size;
      await compareTold(told, journal);
      let total = 0;
      for (const { device, shape } of senders) total += await compareSamples(device, shape);
      return total;
    },
    figures: () => ({ 'alarm changes': figures.changes, told: figures.told, 'told again': receiver.repeated(), actions: operator.done.size }),
  };

  /** Those who report nothing any more are found silent, so the clock of the last life runs. */
  async function untilSilent(): Promise<void> {
    const calm = senders.filter(({ device }) => device.startsWith(CALM)).length;
    const silent = async () => (await hub.api('GET', `/alarms?rule=${SILENT}&active=true&limit=100`)).body.items.length === calm;
    if (!(await comesTrue(silent, SILENT_AFTER_MS + SILENT_WITHIN_MS, 50))) findings.add('devices that report nothing any more were not found silent');
  }

  /** What nobody acknowledges is told again and again: the journal ends when all is acknowledged, and no shelving runs. */
  async function untilQuiet(): Promise<void> {
    const quiet = async () => {
      await hub.api('POST', '/alarms/actions', { filter: {}, action: { kind: 'ack' } });
      const { body } = await hub.api('GET', '/alarms?limit=1000');
      return (body.items as Shown[]).every(({ acked, shelvedUntil }) => acked && shelvedUntil === null);
    };
    if (!(await comesTrue(quiet, QUIET_WITHIN_MS, 100))) findings.add('alarms cannot be acknowledged');
  }

  function compareAlarms(expected: ReadonlyMap<string, AlarmRecord>, alarms: readonly Shown[]): void {
    const seen = new Set<string>();
    for (const alarm of alarms) {
      if (seen.has(alarm.id)) findings.add('an alarm is listed twice', alarm.id);
      seen.add(alarm.id);
      const where = `${alarm.rule} on ${alarm.device}`;
      if (alarm.historical) {
        findings.add('what came twice or in order was taken for late data', `${where}: ${JSON.stringify(alarm)}`);
        continue;
      }
      const record = expected.get(alarm.id);
      if (record === undefined) findings.add('an alarm is there that nothing implies', `${where}: ${JSON.stringify(alarm)}`);
      else {
        const wanted = shownOf(record);
        if (!isDeepStrictEqual(alarm, wanted)) findings.add('an alarm has other facts than its journal', `${where}: ${differing(alarm, wanted)}`);
      }
    }
    for (const [id, { rule, subject }] of expected) if (!seen.has(id)) findings.add('an alarm is gone', `${rule} on ${subject.device}: ${id}`);
  }

  function compareActions(journal: readonly HubEvent[]): void {
    const noted = new Map<string, number>();
    for (const { actor, details } of journal) {
      const { comment } = details;
      if (typeof comment === 'string' && actor !== 'hub') noted.set(comment, (noted.get(comment) ?? 0) + 1);
    }
    for (const comment of operator.done)
      if (noted.get(comment) !== 1) findings.add('an action that was answered is not in the journal once', `${comment}: ${noted.get(comment) ?? 0} times`);
    for (const [comment, times] of noted) {
      if (!operator.done.has(comment) && !operator.unsure.has(comment)) findings.add('an action that was refused is in the journal', comment);
      if (times > 1) findings.add('an action was done twice', comment);
    }
  }

  /** Each change is one effect for each channel, by the key of its delivery. */
  async function compareTold(told: ReadonlyMap<string, NotifyCause>, journal: readonly HubEvent[]): Promise<void> {
    const waiting = async () => {
      const { status, body } = await hub.api('GET', '/deliveries?state=waiting&limit=1');
      return status === 200 && body.items.length === 0 && body.cursor === null;
    };
    if (!(await comesTrue(waiting, TOLD_WITHIN_MS, 100)))
      findings.add('what somebody is to be told still waits', JSON.stringify((await hub.api('GET', '/deliveries?state=waiting&limit=3')).body.items));
    const rows = await allOf<OutboxEntry>(hub, '/deliveries?limit=10000');
    const brief = (id: string) => {
      const event = journal.find((one) => one.id === id);
      return event === undefined ? `unknown event ${id}` : `${event.kind} of ${event.rule} on ${event.device} at ${event.time}`;
    };
    for (const channel of CHANNELS) {
      const effects = new Map<string, string[]>();
      for (const [key, events] of receiver.effects(channel)) for (const event of events) effects.set(event, [...(effects.get(event) ?? []), key]);
      const stored = new Map<string, OutboxEntry[]>();
      for (const row of rows) if (row.channel === channel) stored.set(row.event, [...(stored.get(row.event) ?? []), row]);
      // A delivery lists so many and counts the others: on a busy machine more come together.
      const unlisted = new Map(receiver.unlisted(channel));
      for (const [event, cause] of told) {
        const [row, ...more] = stored.get(event) ?? [];
        if (row === undefined) findings.add('nobody is told of a change', `${channel}: ${brief(event)}`);
        else if (more.length > 0) findings.add('a change is told twice', `${channel}: ${brief(event)}`);
        else if (row.state !== 'delivered' || row.cause !== cause)
          findings.add('a change was not told as it should be', `${channel}: ${brief(event)}: ${row.state}, ${row.cause} instead of ${cause}`);
        const keys = effects.get(event) ?? [];
        const delivery = row?.delivery ?? '';
        const counted = unlisted.get(delivery) ?? 0;
        if (keys.length === 0 && counted > 0) unlisted.set(delivery, counted - 1);
        else if (keys.length === 0) findings.add('a change never reached its receiver', `${channel}: ${brief(event)}, ${row?.state}`);
        if (keys.length > 1) findings.add('a change reached its receiver under two keys', `${channel}: ${brief(event)}: ${keys.join(', ')}`);
      }
      for (const [key, left] of unlisted) if (left > 0) findings.add('a delivery counts more than it is to tell', `${channel}: ${key}, ${left} more`);
      for (const event of effects.keys()) if (!told.has(event)) findings.add('somebody was told of what is not to be told', `${channel}: ${brief(event)}`);
    }
  }

  async function compareSamples(device: string, { readings }: Wave): Promise<number> {
    const samples = await samplesOf(hub, device);
    const found = new Map(samples.map(({ point, time, value }) => [`${point} ${time}`, value]));
    if (found.size !== samples.length) findings.add('a watched device has samples twice', device);
    for (const { time, level, mode } of readings) {
      if (found.get(`level ${time}`) !== level || found.get(`mode ${time}`) !== mode)
        findings.add('an acknowledged sample of a watched device was lost', `${device} at ${time}`);
    }
    if (samples.length !== readings.length * 2)
      findings.add('a watched device has other samples than it sent', `${device}: ${samples.length} of ${readings.length * 2}`);
    return samples.length;
  }
}

type Shown = ReturnType<typeof shownOf>;

function shownOf(alarm: AlarmRecord) {
  const { project: _, subject, ...record } = alarm;
  return { ...record, ...subject, state: displayState(alarm), suppressedBy: [...record.suppressedBy] };
}

function differing(one: Shown, other: Shown): string {
  const names = Object.keys(one) as (keyof Shown)[];
  return names
    .filter((name) => !isDeepStrictEqual(one[name], other[name]))
    .map((name) => `${name} is ${JSON.stringify(one[name])}, not ${JSON.stringify(other[name])}`)
    .join(', ');
}

async function openChannels(hub: HubProcess, url: (channel: string) => string): Promise<void> {
  const config = (channel: string) => ({ url: url(channel), timeoutMs: TIMEOUT_MS, ratePerMinute: 60_000, burst: 10_000 });
  for (const channel of CHANNELS) await made(hub, '/channels', { id: channel, kind: 'webhook', config: config(channel) });
  await made(hub, '/routes', { id: 'each', channels: ['pager'] });
  await made(hub, '/routes', { id: 'together', channels: ['gathering'], groupBy: ['rule'], groupWait: '1s', groupInterval: '1s' });
}

async function made(hub: HubProcess, path: string, body: object): Promise<void> {
  const answer = await hub.api('POST', path, body);
  if (answer.status !== 201) throw new Error(`${path} could not be made: ${answer.status} ${JSON.stringify(answer.body)}`);
}

async function allOf<Item>(hub: HubProcess, path: string): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await hub.api('GET', `${path}${after}`);
    if (status !== 200) throw new Error(`${path} could not be read: ${status} ${JSON.stringify(body)}`);
    items.push(...body.items);
    cursor = body.cursor;
  } while (cursor !== null);
  return items;
}
