import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Control } from '../control/control.ts';
import { type Command, isSettled } from '../domain/command.ts';
import type { Device } from '../domain/device.ts';
import type { ConfigChange, ConfigReport, ConfigVersion } from '../domain/device-config.ts';
import type { CommandId, DeviceId, ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { JsonObject } from '../domain/value.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import { CommitError, type CommitLog, type Statement } from '../storage/commit-log.ts';
import type { ConfigStorage } from '../storage/config-storage.ts';
import { changedMeanwhile, configChanged, type HotConfigPlanner } from './plan-config.ts';
import { type ConfigPreview, previewChange } from './preview-change.ts';

export interface WishedConfig {
  readonly document: JsonObject;
  readonly comment: string | null;
  /** Only if this is the version that is wanted now; 0: none is. null: whatever is. */
  readonly ifVersion: number | null;
  /** null: until it is delivered, as long as a command may live. */
  readonly expiryMs: number | null;
}

/** The configuration documents of devices: wanted beside reported. Refusals are MusterErrors. */
export interface Configurations {
  of(device: DeviceId): Promise<{ readonly wanted: ConfigVersion | null; readonly reported: ConfigReport | null }>;
  version(device: DeviceId, version: number): Promise<ConfigVersion>;
  list(device: DeviceId, page: { readonly limit: number; readonly before: number | null }): Promise<readonly ConfigVersion[]>;
  /**
   * Makes the document the wanted one, as a new version, and sends it. What is wanted already stays as it is, unless it was refused or expired: then it is sent again. Throws
   * conflict (another version is wanted than `ifVersion`), invalid (it does not fit its type's schema), and what Control.submit throws.
   */
  set(entry: DeviceEntry, wish: WishedConfig, actor: string): Promise<ConfigVersion>;
  /** The document of an earlier version is wanted again; `to` null: of the one that the device applied last before the wanted one. */
  rollback(entry: DeviceEntry, to: number | null, ifVersion: number | null, actor: string): Promise<ConfigVersion>;
  /** What the change would do to these devices, alike ones together; nothing is done. Stops when the signal aborts. */
  preview(project: ProjectId, devices: readonly DeviceId[], change: ConfigChange, signal: AbortSignal): Promise<ConfigPreview>;
  /** A device says what is in force. A version that is not the wanted one has the wanted one sent again. */
  reported(device: Device, report: { readonly version: number | null; readonly document: JsonObject | null }, at: number): Promise<void>;
  start(): Promise<void>;
  /** Resolves when what devices answered is written. Idempotent. */
  stop(): Promise<void>;
}

export interface ConfigurationsPorts {
  readonly control: Pick<Control, 'plan' | 'onChanged'>;
  readonly storage: ConfigStorage;
  readonly planner: HotConfigPlanner;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly commits: Pick<CommitLog, 'commit'>;
  readonly versionsKept: number;
  readonly expiryMaxMs: number;
  readonly clock: () => number;
  readonly log: Log;
}

/** Others may want another version at the same time. */
const TRIES_MAX = 3;

export function createConfigurations(ports: ConfigurationsPorts): Configurations {
  const { control, storage, commits, clock, log } = ports;
  // Reads wait for it: who saw the command settled must not find its version before that.
  let writing: Promise<unknown> = Promise.resolve();
  /** Told in this turn of the event loop, each as it is now: those of a job come by the hundred. */
  let told = new Map<CommandId, Command>();
  const stopListening = control.onChanged((command) => {
    if (command.kind !== 'config') return;
    if (told.size === 0) writing = Promise.all([writing, nextTurn().then(follow)]);
    told.set(command.id, command);
  });

  return {
    async of(device) {
      await writing;
      const [wanted, reported] = await Promise.all([storage.wanted(device), storage.reported(device)]);
      return { wanted, reported };
    },
    async version(device, version) {
      await writing;
      return versionOf(device, version);
    },
    async list(device, page) {
      await writing;
      return storage.list(device, page);
    },
    set: (entry, wish, actor) => put(entry, { ...wish, undoes: null }, actor),
    async rollback(entry, to, ifVersion, actor) {
      const { id } = entry.device;
      const wanted = await storage.wanted(id);
      if (wanted === null) throw new MusterError('not_found', `${id} has no configuration`, { hint: 'Give it one with `muster device config set`.' });
      const earlier = to === null ? await storage.appliedBefore(id, wanted.version) : await versionOf(id, to);
      if (earlier === null)
        throw new MusterError('not_found', `${id} applied no version before ${wanted.version}`, { hint: 'See `muster device config history`.' });
      const wish = { document: earlier.document, comment: `back to version ${earlier.version}`, ifVersion: ifVersion ?? wanted.version, expiryMs: null };
      return put(entry, { ...wish, undoes: earlier.version }, actor);
    },
    preview: (project, devices, change, signal) => previewChange(ports.planner, project, devices, change, signal),
    async reported(device, { version, document }, at) {
      const known = document === null && version !== null ? ((await storage.version(device.id, version))?.document ?? null) : document;
      await commits.commit({ statements: [storage.report({ device: device.id, version, document: known, reportedAt: at })] });
      const wanted = await storage.wanted(device.id);
      // One that was refused would be refused again.
      if (wanted === null || wanted.version === version || wanted.settledAt === null || wanted.state === 'rejected') return;
      await sendAgain(device, wanted, 'hub');
    },
    async start() {
      await commits.commit({ statements: storage.catchUp() });
    },
    async stop() {
      stopListening();
      await writing;
    },
  };

  async function versionOf(device: DeviceId, version: number): Promise<ConfigVersion> {
    const found = await storage.version(device, version);
    if (found === null)
      throw new MusterError('not_found', `${device} has no configuration ${version}, or no more`, { hint: 'See `muster device config history`.' });
    return found;
  }

  async function put(entry: DeviceEntry, wish: WishedConfig & { readonly undoes: number | null }, actor: string): Promise<ConfigVersion> {
    const { device } = entry;
    ports.planner.checkDocument(device, wish.document);
    for (let tries = 1; ; tries += 1) {
      const before = await storage.wanted(device.id);
      if (wish.ifVersion !== null && wish.ifVersion !== (before?.version ?? 0)) throw changedMeanwhile(device.id, wish.ifVersion, before?.version ?? 0);
      if (before !== null && isDeepStrictEqual(before.document, wish.document)) {
        const isOver = before.settledAt !== null && before.state !== 'applied';
        return isOver ? await sendAgain(device, before, actor) : before;
      }
      const made = await insert(device, before, wish, actor, tries);
      if (made !== null) return made;
    }
  }

  /** null: another has that version meanwhile. */
  async function insert(
    device: Device,
    before: ConfigVersion | null,
    { document, comment, undoes, expiryMs }: WishedConfig & { readonly undoes: number | null },
    actor: string,
    tries: number,
  ): Promise<ConfigVersion | null> {
    const version = (before?.version ?? 0) + 1;
    const planned = plan(device, document, version, expiryMs, actor);
    const [command] = planned.commands;
    if (command === undefined) throw new Error('a configuration has one command');
    const row: ConfigVersion = {
      ...{ device: device.id, version, document, actor, comment, undoes, createdAt: command.createdAt },
      ...{ command: command.id, state: command.state, reason: null, settledAt: null },
    };
    try {
      await commits.commit({ statements: [storage.insert(row), ...planned.statements, storage.trim(device.id, ports.versionsKept)] });
    } catch (error: unknown) {
      planned.dropped();
      if (!(error instanceof CommitError) || error.reason === 'storage' || error.reason === 'overloaded') throw error;
      if (error.reason === 'reference') throw new MusterError('not_found', `there is no device ${device.id}`);
      if (tries >= TRIES_MAX) throw new MusterError('conflict', `the configuration of ${device.id} is changed by others at the same time`);
      return null;
    }
    planned.committed();
    ports.recorder.record(configChanged(command, { version, before, undoes }, comment));
    return row;
  }

  async function sendAgain(device: Device, { version, document }: ConfigVersion, actor: string): Promise<ConfigVersion> {
    const planned = plan(device, document, version, null, actor);
    const [command] = planned.commands;
    if (command === undefined) throw new Error('a configuration has one command');
    try {
      await commits.commit({ statements: [storage.sentAgain(device.id, version, command.id), ...planned.statements] });
    } catch (error: unknown) {
      planned.dropped();
      throw error;
    }
    planned.committed();
    return versionOf(device.id, version);
  }

  function plan({ id, project }: Device, document: JsonObject, version: number, expiryMs: number | null, actor: string) {
    return control.plan(project, [{ device: id, kind: 'config', name: null, value: document, expiryMs: expiryMs ?? ports.expiryMaxMs, version }], actor);
  }

  /** The rows of versions follow their commands, of which control tells in the journal; what a crash leaves behind is caught up with at the start. */
  async function follow(): Promise<void> {
    const commands = [...told.values()];
    told = new Map();
    const progress = commands.map(({ id, state, reason, settledAt }) => ({ command: id, state, reason, settledAt: isSettled(state) ? settledAt : null }));
    const reports = await Promise.all(commands.map(inForce));
    try {
      await commits.commit({ statements: [storage.progress(progress), ...reports.flat()] });
    } catch (error: unknown) {
      const [first] = commands;
      log.warn({ device: first?.device, commands: commands.length, reason: messageOf(error) }, 'how configurations stand could not be noted');
    }
  }

  /** What a device that applied a version uses now. */
  async function inForce({ device, version, state, result, settledAt }: Command): Promise<readonly Statement[]> {
    if (state !== 'applied' || version === null) return [];
    const document = isObject(result) ? result : ((await storage.version(device, version))?.document ?? null);
    return [storage.report({ device, version, document, reportedAt: settledAt ?? clock() })];
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
