import { isDeepStrictEqual } from 'node:util';
import type { Device } from '../domain/device.ts';
import type { HubEvent } from '../domain/event.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { JsonObject, JsonValue } from '../domain/value.ts';
import type { EventRecorder, NewEvent } from '../events/event-recorder.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import type { InboundMessage } from '../ingest/inbound-message.ts';
import { type DeviceMessagePorts, takeDeviceMessages } from '../ingest/take-device-message.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog, Statement } from '../storage/commit-log.ts';
import type { BirthRecord, DeathRecord, LifeStorage } from '../storage/life-storage.ts';
import { createGatheringWriter } from './gathering-writer.ts';
import { readBirth, readDeath } from './read-birth.ts';

export interface VitalsPorts {
  readonly messages: DeviceMessagePorts;
  readonly storage: LifeStorage['vitals'];
  readonly events: Pick<AlarmStorage['events'], 'insert'>;
  readonly recorder: Pick<EventRecorder, 'complete'>;
  readonly commits: Pick<CommitLog, 'commit'>;
  readonly onCommitted: (events: readonly HubEvent[]) => void;
  /** A gateway told that a device behind it is there no more. */
  readonly onLeft: (device: DeviceId, at: number) => void;
  /** It is on disk. Must not throw. */
  readonly onBorn: (device: Device, birth: JsonObject) => void;
}

/** Of one transaction. */
const TOGETHER_MAX = 1_000;

type Vital = { readonly event: HubEvent } & ({ readonly born: BirthRecord } | { readonly died: DeathRecord });

/**
 * Births, which devices publish when they begin, and deaths: last wills, and what gateways say of the devices behind them. The newest of each device is kept with it, all of them
 * stand in the journal; both are written in one transaction.
 */
export function createVitals(ports: VitalsPorts): { readonly birth: DeviceMessages; readonly death: DeviceMessages } {
  const { messages, storage, recorder } = ports;
  const writer = createGatheringWriter<Vital>({
    commits: ports.commits,
    itemsMax: TOGETHER_MAX,
    statements: (vitals) => [...statementsOf(vitals), ports.events.insert(vitals.map(({ event }) => event))],
    written: (vitals) => ports.onCommitted(vitals.map(({ event }) => event)),
  });

  return {
    birth: takeDeviceMessages(messages, 'birth', async ({ device }, message) => {
      const birth = readBirth(message.payload);
      const before = await storage.of(device.id);
      if (message.origin?.mayBeRepeat && before !== null && before.diedAt === null && isDeepStrictEqual(before.birth, birth)) return;
      const bornAt = birth.ts ?? message.receivedAt;
      const born: BirthRecord = { device: device.id, bornAt, receivedAt: message.receivedAt, birth };
      await writer.add({ born, event: recorder.complete(bornEvent(device, message, birth, before?.birth ?? {})) });
      ports.onBorn(device, birth);
    }),
    death: takeDeviceMessages(messages, 'death', async ({ device }, message) => {
      const death = readDeath(message.payload);
      if (message.principal.kind === 'device' && message.principal.id !== device.id) ports.onLeft(device.id, message.receivedAt);
      // Asked in any case: a birth just before it waits as long, and they are written in their order.
      const before = await storage.of(device.id);
      if (message.origin?.mayBeRepeat && before !== null && before.diedAt !== null && before.death === death) return;
      const died: DeathRecord = { device: device.id, diedAt: message.receivedAt, death };
      await writer.add({ died, event: recorder.complete(diedEvent(device, message, death)) });
    }),
  };

  /** In their order: of each device and kind only the last counts. */
  function statementsOf(vitals: readonly Vital[]): Statement[] {
    const statements: Statement[] = [];
    let births = new Map<DeviceId, BirthRecord>();
    let deaths = new Map<DeviceId, DeathRecord>();
    const flush = (): void => {
      if (births.size > 0) statements.push(storage.putBirths([...births.values()]));
      if (deaths.size > 0) statements.push(storage.putDeaths([...deaths.values()]));
      births = new Map();
      deaths = new Map();
    };
    for (const vital of vitals) {
      // A death may follow its birth in one go, a birth after a death starts anew.
      if ('born' in vital && deaths.has(vital.born.device)) flush();
      if ('born' in vital) births.set(vital.born.device, vital.born);
      else deaths.set(vital.died.device, vital.died);
    }
    flush();
    return statements;
  }
}

/** What the journal keeps of a birth. */
const TOLD = ['manufacturer', 'model', 'serial', 'hardware', 'firmware', 'boot', 'config'] as const;
/** Of these, what they were before is worth a word. */
const VERSIONS = ['firmware', 'hardware'] as const;

function bornEvent(device: Device, message: InboundMessage, birth: JsonObject, before: JsonObject): NewEvent {
  const told: Record<string, JsonValue> = {};
  for (const name of TOLD) if (birth[name] !== undefined) told[name] = birth[name];
  const words: string[] = [];
  for (const name of VERSIONS) {
    if (birth[name] === undefined) continue;
    const changed = before[name] !== undefined && before[name] !== birth[name];
    if (changed) told[`${name}Before`] = before[name] as JsonValue;
    words.push(`${name} ${String(birth[name])}${changed ? ` (was ${String(before[name])})` : ''}`);
  }
  const { reason } = (birth.boot ?? {}) as { readonly reason?: string };
  if (reason !== undefined) words.push(`after ${reason}`);
  const text = `${device.id} began${words.length === 0 ? '' : `: ${words.join(', ')}`}`;
  return vitalEvent('device.born', device, message, text, told);
}

function diedEvent(device: Device, message: InboundMessage, death: string | null): NewEvent {
  return vitalEvent('device.died', device, message, `${device.id} died${death === null ? '' : `: ${death}`}`, { reason: death });
}

function vitalEvent(
  kind: 'device.born' | 'device.died',
  { project, id }: Device,
  { receivedAt, protocol, address, principal }: InboundMessage,
  text: string,
  details: NewEvent['details'],
): NewEvent {
  const actor = principal.kind === 'device' ? `device:${principal.id}` : `device:${id}`;
  return {
    project,
    time: receivedAt,
    kind,
    actor,
    severity: null,
    device: id,
    point: null,
    alarm: null,
    rule: null,
    text,
    details: { ...details, protocol, address },
  };
}
