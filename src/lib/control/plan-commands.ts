import { uuidv7 } from 'uuidv7';
import type { Command } from '../domain/command.ts';
import type { CommandId, DeviceId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import { checkedName, checkMayBeAsked } from './check-commands.ts';
import type { NewCommand } from './control.ts';
import type { OpenCommands } from './open-commands.ts';

export interface CommandLimits {
  readonly expiryDefaultMs: number;
  readonly expiryMaxMs: number;
  readonly bytesMax: number;
  readonly perDevice: number;
  readonly perProject: number;
  /** Of all that is open, of all projects together. */
  readonly bytesOpenMax: number;
}

/** A command that may be asked, with the size of its value. */
export interface Planned {
  readonly command: Command;
  readonly bytes: number;
}

/** Checks wishes, and keeps the room for what is on its way to the disk. */
export interface Planner {
  /** All or none. Throws not_found, invalid, limit_reached, not_allowed. The room is kept until `release` is called. */
  plan(project: ProjectId, wishes: readonly NewCommand[], actor: string): { readonly planned: readonly Planned[]; release(): void };
}

export function createPlanner(ports: {
  readonly directory: Directory;
  readonly open: OpenCommands;
  readonly limits: CommandLimits;
  readonly clock: () => number;
}): Planner {
  const { directory, open, limits, clock } = ports;
  const ofProject = new Map<ProjectId, number>();
  const ofDevice = new Map<DeviceId, number>();
  let bytesKept = 0;

  return {
    plan(project, wishes, actor) {
      const now = clock();
      const planned = wishes.map((wish) => planOne(project, wish, actor, now));
      const perDevice = new Map<DeviceId, number>();
      let bytes = 0;
      for (const { command, bytes: size } of planned) {
        perDevice.set(command.device, (perDevice.get(command.device) ?? 0) + 1);
        bytes += size;
      }
      checkRoom(project, planned.length, perDevice, bytes);
      bytesKept += bytes;
      add(ofProject, project, planned.length);
      for (const [device, count] of perDevice) add(ofDevice, device, count);
      let kept = true;
      return {
        planned,
        release() {
          if (!kept) return;
          kept = false;
          bytesKept -= bytes;
          add(ofProject, project, -planned.length);
          for (const [device, count] of perDevice) add(ofDevice, device, -count);
        },
      };
    },
  };

  function planOne(project: ProjectId, wish: NewCommand, actor: string, now: number): Planned {
    const entry = directory.device(wish.device);
    if (!entry || entry.closing || entry.device.project !== project)
      throw new MusterError('not_found', `there is no device ${wish.device.slice(0, 130)}`, { hint: 'List them with `muster device list`.' });
    checkMayBeAsked(entry.device);
    const name = checkedName(entry, wish, limits.expiryMaxMs);
    const bytes = Buffer.byteLength(JSON.stringify(wish.value));
    if (bytes > limits.bytesMax)
      throw new MusterError('invalid', `the value has ${bytes} bytes; a command has ${limits.bytesMax} at most (limits.command-bytes-max)`, {
        details: { field: 'value' },
      });
    const { kind, value, expiryMs, version, job } = wish;
    const command: Command = {
      id: uuidv7() as CommandId,
      project,
      device: entry.device.id,
      kind,
      name,
      value,
      state: 'queued',
      reason: null,
      result: null,
      lateAnswer: null,
      actor,
      version: version ?? null,
      job: job ?? null,
      createdAt: now,
      expiresAt: now + (expiryMs ?? limits.expiryDefaultMs),
      sentAt: null,
      deliveredAt: null,
      settledAt: null,
    };
    return { command, bytes };
  }

  function checkRoom(project: ProjectId, count: number, perDevice: ReadonlyMap<DeviceId, number>, bytes: number): void {
    const inProject = open.count(project) + (ofProject.get(project) ?? 0) + count;
    if (inProject > limits.perProject) throw full('limits.commands-open-per-project', `more than ${limits.perProject} commands of the project would be open`);
    if (open.bytes + bytesKept + bytes > limits.bytesOpenMax)
      throw full('limits.command-bytes-open', `open commands would have more than ${limits.bytesOpenMax} bytes together`);
    for (const [device, more] of perDevice) {
      const ofIt = (open.line(device)?.open.size ?? 0) + (ofDevice.get(device) ?? 0) + more;
      if (ofIt > limits.perDevice) throw full(OF_ONE_DEVICE, `more than ${limits.perDevice} commands of ${device} would be open`);
    }
  }
}

const OF_ONE_DEVICE = 'limits.commands-open-per-device';

function add<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  const sum = (counts.get(key) ?? 0) + count;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}

/** Is the hub full, and not the one device? Then it is worth another try with all the others. */
export function isHubFull(error: MusterError): boolean {
  return error.code === 'limit_reached' && error.details?.setting !== OF_ONE_DEVICE;
}

function full(setting: string, message: string): MusterError {
  return new MusterError('limit_reached', `${message} (${setting})`, {
    hint: 'Wait until devices have answered, let commands expire sooner, or cancel some.',
    details: { setting },
  });
}
