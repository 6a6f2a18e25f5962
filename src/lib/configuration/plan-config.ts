import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigPlanner, ConfigToSend } from '../control/config-planner.ts';
import type { Command } from '../domain/command.ts';
import type { Device } from '../domain/device.ts';
import type { ConfigChange, ConfigVersion } from '../domain/device-config.ts';
import type { DeviceId } from '../domain/ids.ts';
import { mergePatch } from '../domain/json-difference.ts';
import type { JsonObject } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { Directory } from '../fleet/directory.ts';
import type { ConfigStorage } from '../storage/config-storage.ts';
import { type CheckDocument, compileConfigSchema } from './config-schema.ts';

/** Documents of one type that are known to fit: a fleet has few that differ. What did not fit is looked at again. */
const FITTING_MAX = 1_000;

interface KnownSchema {
  readonly check: CheckDocument;
  /** Hashes of documents: what is remembered stays small, however long they are and however many types there are. */
  readonly fitting: Set<string>;
}

export interface HotConfigPlanner extends ConfigPlanner {
  /** Throws MusterError invalid when it does not fit the schema of the device's type. */
  checkDocument(device: Device, document: JsonObject): void;
}

export function createConfigPlanner(ports: {
  readonly storage: ConfigStorage;
  readonly directory: Pick<Directory, 'device' | 'type'>;
  readonly versionsKept: number;
}): HotConfigPlanner {
  const { storage, directory } = ports;
  const schemas = new WeakMap<JsonObject, KnownSchema>();

  return {
    checkDocument,
    async plan(project, id, change) {
      const device = directory.device(id)?.device;
      const before = await storage.wanted(id);
      try {
        if (device === undefined || device.project !== project) throw new MusterError('not_found', `there is no device ${id}`);
        const { document, undoes } = await documentFor(id, before, change);
        if (before !== null && isDeepStrictEqual(before.document, document)) {
          if (before.state === 'applied') return { outcome: 'kept', before };
          return { outcome: 'send', isNew: false, version: before.version, document, undoes: before.undoes, before };
        }
        const version = before?.version ?? 0;
        if (change.ifVersion !== null && change.ifVersion !== version) throw changedMeanwhile(id, change.ifVersion, version);
        checkDocument(device, document);
        return { outcome: 'send', isNew: true, version: version + 1, document, undoes, before };
      } catch (error: unknown) {
        if (!(error instanceof MusterError)) throw error;
        return { outcome: 'refused', before, error };
      }
    },
    record(plan, command, change) {
      const { version, document, undoes } = plan;
      const { id, device, actor, createdAt, state } = command;
      if (!plan.isNew) return { statements: [storage.sentAgain(device, version, id)], events: [] };
      const { comment } = change;
      const row: ConfigVersion = { device, version, document, actor, comment, undoes, createdAt, command: id, state, reason: null, settledAt: null };
      return { statements: [storage.insert(row), storage.trim(device, ports.versionsKept)], events: [configChanged(command, plan, comment)] };
    },
  };

  async function documentFor(device: DeviceId, before: ConfigVersion | null, change: ConfigChange) {
    if ('document' in change) return { document: change.document, undoes: null };
    if ('patch' in change) return { document: mergePatch(before?.document ?? {}, change.patch) as JsonObject, undoes: null };
    if (before === null) throw new MusterError('not_found', `${device} has no configuration`);
    const { to } = change.rollback;
    // A rollback that has not worked yet is the same once more, as in a retry; before it there is what it leads away from.
    if (to === null && before.undoes !== null && before.state !== 'applied') return { document: before.document, undoes: before.undoes };
    const earlier = to === null ? await storage.appliedBefore(device, before.version) : await storage.version(device, to);
    if (earlier === null)
      throw new MusterError(
        'not_found',
        to === null ? `${device} applied no version before ${before.version}` : `${device} has no configuration ${to}, or no more`,
        { hint: 'See `muster device config history`.' },
      );
    return { document: earlier.document, undoes: earlier.version };
  }

  function checkDocument({ project, type }: Device, document: JsonObject): void {
    const schema = type === null ? null : (directory.type(project, type)?.configSchema ?? null);
    if (schema === null) return;
    let known = schemas.get(schema);
    if (known === undefined) {
      known = { check: compileConfigSchema(schema), fitting: new Set() };
      schemas.set(schema, known);
    }
    const hash = createHash('sha256').update(JSON.stringify(document)).digest('base64');
    if (known.fitting.has(hash)) return;
    known.check(document);
    if (known.fitting.size < FITTING_MAX) known.fitting.add(hash);
  }
}

export function configChanged(
  { id, project, device, actor, createdAt }: Command,
  { version, before, undoes }: Pick<ConfigToSend, 'version' | 'before' | 'undoes'>,
  comment: string | null,
): NewEvent {
  const text = `version ${version} of the configuration of ${device} is wanted by ${actor}${comment === null ? '' : `: ${comment}`}`;
  return {
    ...{ project, time: createdAt, kind: 'config.changed', actor, severity: null, device, point: null, alarm: null, rule: null, text },
    details: { version, before: before?.version ?? null, undoes, comment, command: id },
  };
}

export function changedMeanwhile(device: DeviceId, expected: number, found: number): MusterError {
  return new MusterError('conflict', `version ${found} of the configuration of ${device} is wanted, not ${expected}`, {
    hint: 'Somebody changed it meanwhile: see `muster device config history`, and set it on top of that.',
    details: { version: found },
  });
}
