import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConfigPlanner, PlannedConfig } from '../control/config-planner.ts';
import type { ConfigChange } from '../domain/device-config.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { type JsonChange, jsonDifference } from '../domain/json-difference.ts';

/** changed: it gets a new version; again: it is wanted already and is sent once more; unchanged: it has it already; refused: it could not be asked. */
export const CONFIG_OUTCOMES = ['changed', 'again', 'unchanged', 'refused'] as const;
export type ConfigOutcome = (typeof CONFIG_OUTCOMES)[number];

/** Devices to which a change would do the same. */
export interface ConfigPreviewGroup {
  readonly devices: number;
  readonly outcome: ConfigOutcome;
  /** Of refused ones: as it is said of `example`. */
  readonly reason: string | null;
  readonly changes: readonly JsonChange[];
  /** One of them. */
  readonly example: DeviceId;
}

export interface ConfigPreview {
  readonly devices: number;
  /** The largest first, so many at most. */
  readonly groups: readonly ConfigPreviewGroup[];
  /** Devices of groups that are not among them. */
  readonly others: number;
}

const GROUPS_MAX = 100;
/** Documents that differ in more are told apart no further. */
const GROUPS_KNOWN_MAX = 10_000;
/** Of all differences that are kept: documents may be long, and each another. */
const CHARACTERS_KNOWN_MAX = 8_000_000;
const AT_ONCE = 50;

export async function previewChange(
  planner: Pick<ConfigPlanner, 'plan'>,
  project: ProjectId,
  devices: readonly DeviceId[],
  change: ConfigChange,
  signal: AbortSignal,
): Promise<ConfigPreview> {
  const groups = new Map<string, { -readonly [Key in keyof ConfigPreviewGroup]: ConfigPreviewGroup[Key] }>();
  let characters = 0;
  for (const [index, device] of devices.entries()) {
    // Others get their turn: there may be a hundred thousand.
    if (index % AT_ONCE === AT_ONCE - 1) await nextTurn();
    signal.throwIfAborted();
    const group = groupOf(device, await planner.plan(project, device, change));
    // Each names its own device in its reason.
    const text = JSON.stringify([group.outcome, group.reason?.replaceAll(device, '?') ?? null, group.changes]);
    const key = createHash('sha256').update(text).digest('base64');
    const known = groups.get(key);
    if (known !== undefined) known.devices += 1;
    else if (groups.size < GROUPS_KNOWN_MAX && characters + text.length <= CHARACTERS_KNOWN_MAX) {
      groups.set(key, group);
      characters += text.length;
    }
  }
  const shown = [...groups.values()].sort((one, other) => other.devices - one.devices).slice(0, GROUPS_MAX);
  return { devices: devices.length, groups: shown, others: devices.length - shown.reduce((sum, group) => sum + group.devices, 0) };
}

function groupOf(device: DeviceId, plan: PlannedConfig): ConfigPreviewGroup {
  const common = { devices: 1, reason: null, changes: [], example: device };
  if (plan.outcome === 'refused') return { ...common, outcome: 'refused', reason: plan.error.message };
  if (plan.outcome === 'kept') return { ...common, outcome: 'unchanged' };
  if (!plan.isNew) return { ...common, outcome: 'again' };
  return { ...common, outcome: 'changed', changes: jsonDifference(plan.before?.document ?? {}, plan.document) };
}
