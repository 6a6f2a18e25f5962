import { uuidv7 } from 'uuidv7';
import { onTestFinished } from 'vitest';
import { createConfigPlanner } from '../../src/lib/configuration/plan-config.ts';
import type { ConfigPlanner } from '../../src/lib/control/config-planner.ts';
import type { CommandCarrier } from '../../src/lib/control/control.ts';
import { createControl, type HotControl } from '../../src/lib/control/create-control.ts';
import { createJobs, type HotJobs } from '../../src/lib/control/create-jobs.ts';
import type { CommandLimits } from '../../src/lib/control/plan-commands.ts';
import type { Command, CommandState } from '../../src/lib/domain/command.ts';
import type { HubEvent } from '../../src/lib/domain/event.ts';
import type { DeviceId } from '../../src/lib/domain/ids.ts';
import type { Directory } from '../../src/lib/fleet/directory.ts';
import type { Statement } from '../../src/lib/storage/commit-log.ts';
import type { EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { SILENT_LOG } from './silent-log.ts';

/** What a device was sent. */
export interface Sent {
  readonly device: string;
  readonly kind: string;
  readonly message: { readonly id: string; readonly [name: string]: unknown };
  readonly expiresAt: number;
  delivered(): void;
  lost(): void;
}

/** Devices that listen when the test says so, and keep what they are sent. */
export interface TestCarrier extends CommandCarrier {
  readonly sent: Sent[];
  readonly listening: Set<string>;
  /** It listens, but takes nothing now. */
  readonly full: Set<string>;
  /** It begins to listen. */
  connect(device: string): void;
  /** It goes, and loses what it did not acknowledge. */
  disconnect(device: string): void;
}

export function testCarrier(): TestCarrier {
  const sent: Sent[] = [];
  const listening = new Set<string>();
  const full = new Set<string>();
  let told: (device: DeviceId | null) => void = () => undefined;
  let open: { readonly device: string; readonly lost: () => void }[] = [];
  return {
    sent,
    listening,
    full,
    listens: (device) => listening.has(device),
    send(device, kind, { payload, expiresAt }, on) {
      if (!listening.has(device) || full.has(device)) return false;
      const own = { device, lost: on.lost };
      open.push(own);
      const forget = () => {
        open = open.filter((each) => each !== own);
      };
      sent.push({
        ...{ device, kind, expiresAt, message: JSON.parse(Buffer.from(payload).toString()) as Sent['message'] },
        delivered() {
          forget();
          on.delivered();
        },
        lost() {
          forget();
          on.lost();
        },
      });
      return true;
    },
    onListening(listener) {
      told = listener;
    },
    connect(device) {
      listening.add(device);
      told(device as DeviceId);
    },
    disconnect(device) {
      listening.delete(device);
      const lost = open.filter((each) => each.device === device);
      open = open.filter((each) => each.device !== device);
      for (const each of lost) each.lost();
    },
  };
}

const COMMAND_LIMITS: CommandLimits = {
  expiryDefaultMs: 60_000,
  expiryMaxMs: 3_600_000,
  bytesMax: 10_000,
  perDevice: 100,
  perProject: 10_000,
  bytesOpenMax: 1_000_000,
};

export interface Controlled {
  readonly jobs: HotJobs;
  readonly control: HotControl;
  readonly published: HubEvent[];
  /** Each change that was told: the command's id, and its states before and after. */
  readonly told: { readonly id: string; readonly before: CommandState | null; readonly after: CommandState; readonly command: Command }[];
  /** Why the next commits fail; null: they do not. */
  broken: Error | null;
}

/** An engine on this disk, with these devices. Starts where the last one ended, as after a kill when that was not stopped. */
export async function controlled(world: {
  readonly system: EmbeddedSystemStore;
  readonly directory: Directory;
  readonly clock: () => number;
  readonly carrier?: CommandCarrier;
  readonly limits?: Partial<CommandLimits>;
  readonly configPlanner?: ConfigPlanner;
}): Promise<Controlled> {
  const { system, directory, clock, carrier } = world;
  const published: HubEvent[] = [];
  const told: Controlled['told'] = [];
  const control = createControl({
    directory,
    storage: system.commands,
    limits: { ...COMMAND_LIMITS, ...world.limits },
    commit: (statements: readonly Statement[]) => (result.broken === null ? system.log.commit({ statements }) : Promise.reject(result.broken)),
    insertEvents: (events) => system.alarming.events.insert(events),
    complete: (event) => ({ ...event, id: uuidv7() as HubEvent['id'], recordedAt: clock() }),
    publish: (events) => void published.push(...events),
    closed: () => null,
    clock,
    log: SILENT_LOG,
  });
  const jobs = createJobs({
    control,
    storage: system.jobs,
    configPlanner: world.configPlanner ?? createConfigPlanner({ storage: system.configs, directory, versionsKept: 50 }),
    directory,
    commit: (statements: readonly Statement[]) => (result.broken === null ? system.log.commit({ statements }) : Promise.reject(result.broken)),
    insertEvents: (events) => system.alarming.events.insert(events),
    complete: (event) => ({ ...event, id: uuidv7() as HubEvent['id'], recordedAt: clock() }),
    publish: (events) => void published.push(...events),
    closed: () => null,
    limits: { openPerProject: 3, concurrencyMax: 1_000, expiryDefaultMs: 60_000, expiryMaxMs: 3_600_000 },
    clock,
    log: SILENT_LOG,
  });
  const result: Controlled = { control, jobs, published, told, broken: null };
  control.onChanged((command, before) => void told.push({ id: command.id, before, after: command.state, command }));
  await jobs.load();
  await control.start();
  jobs.goOn();
  if (carrier !== undefined) control.use(carrier);
  onTestFinished(async () => {
    await jobs.stop();
    await control.stop();
  });
  return result;
}
