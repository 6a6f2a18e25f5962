import type { HubClient } from '../client/hub-client.ts';
import type { ManifestKindName } from '../domain/manifest.ts';
import { parseSelector, selectorMatcher } from '../domain/selector.ts';
import { MusterError } from '../errors/muster-error.ts';
import { bodyAfter, changedFields } from './bodies.ts';
import type { Body, Manifest, ManifestKind, ManifestRef } from './manifest-kind.ts';
import { KINDS, kindNamed } from './registry.ts';

/** What is to be done with one object. */
export interface PlanEntry extends ManifestRef {
  readonly action: 'create' | 'update' | 'delete' | 'unchanged';
  /** Names of fields that differ. */
  readonly changed: readonly string[];
  readonly before: Body | null;
  readonly after: Body | null;
  /** As the file says; null: it is deleted. */
  readonly wanted: Body | null;
  /** Where the file says it; null: it is deleted. */
  readonly place: { readonly file: string; readonly line: number } | null;
  /** What the hub would say against it, as far as it can be asked before. */
  readonly problems: readonly string[];
}

export interface PlanOptions {
  /** What an earlier run with this set applied, and the files do not name any more, goes. */
  readonly prune: boolean;
  readonly set: string;
  /** With `prune`: these devices go, whoever made them, in the place of those of the set; null: those of the set. */
  readonly selector: string | null;
  /** Ask the hub what is wrong, where it can be asked without changing anything. */
  readonly check: boolean;
  readonly signal: AbortSignal;
}

export interface Plan {
  readonly entries: readonly PlanEntry[];
  /** Of the set, and gone without it: nothing is left to manage. */
  readonly stale: readonly ManifestRef[];
}

/** So many are asked for one by one; of more, all that there are are read. */
const SINGLE_MAX = 50;

/** What applying the files would do. Changes nothing. */
export async function planManifests(hub: HubClient, manifests: readonly Manifest[], options: PlanOptions): Promise<Plan> {
  const entries: PlanEntry[] = [];
  for (const kind of KINDS) {
    const wanted = manifests.filter((manifest) => manifest.kind === kind.name);
    if (wanted.length === 0) continue;
    const current = await currentOf(
      hub,
      kind,
      wanted.map(({ name }) => name),
    );
    for (const manifest of wanted) {
      options.signal.throwIfAborted();
      entries.push(await entryOf(hub, kind, manifest, current.get(manifest.name) ?? null, options));
    }
  }
  if (!options.prune) return { entries, stale: [] };
  const named = new Set(manifests.map(keyOf));
  const extra = options.selector === null ? await managed(hub, options.set) : await selected(hub, options.selector);
  const gone: PlanEntry[] = [];
  const stale: ManifestRef[] = [];
  for (const [kind, names] of byKind(extra.filter((ref) => !named.has(keyOf(ref))))) {
    const current = await currentOf(hub, kindNamed(kind), names);
    for (const name of names) {
      const before = current.get(name) ?? null;
      if (before === null) stale.push({ kind, name });
      else gone.push({ kind, name, action: 'delete', changed: [], before, after: null, wanted: null, place: null, problems: [] });
    }
  }
  return { entries: [...entries, ...gone], stale };
}

async function entryOf(hub: HubClient, kind: ManifestKind, manifest: Manifest, before: Body | null, { check }: PlanOptions): Promise<PlanEntry> {
  const { name, body, file, line } = manifest;
  const changed = before === null ? [] : changedFields(kind, before, body);
  const action = before === null ? 'create' : changed.length > 0 ? 'update' : 'unchanged';
  const problems = check && action !== 'unchanged' && kind.check ? await kind.check(hub, body) : [];
  return { kind: kind.name, name, action, changed, before, after: bodyAfter(kind, before, body), wanted: body, place: { file, line }, problems };
}

async function currentOf(hub: HubClient, kind: ManifestKind, names: readonly string[]): Promise<ReadonlyMap<string, Body>> {
  const found = new Map<string, Body>();
  if (names.length > SINGLE_MAX) {
    const wanted = new Set(names);
    for await (const body of kind.list(hub)) {
      const name = String(body[kind.key]);
      if (wanted.has(name)) found.set(name, body);
    }
    return found;
  }
  for (const name of names) {
    try {
      const body = await kind.show(hub, name);
      // An alias finds a device too, and is another name.
      if (body[kind.key] === name) found.set(name, body);
    } catch (error: unknown) {
      if (!(error instanceof MusterError) || error.code !== 'not_found') throw error;
    }
  }
  return found;
}

async function managed(hub: HubClient, set: string): Promise<readonly ManifestRef[]> {
  const refs: ManifestRef[] = [];
  for await (const ref of hub.manifestSets.objects(set)) refs.push(ref);
  return refs;
}

async function selected(hub: HubClient, text: string): Promise<readonly ManifestRef[]> {
  const parsed = parseSelector(text);
  const reason = !parsed.ok ? parsed.reason : parsed.selector.terms.length === 0 ? 'it has no condition' : null;
  if (!parsed.ok || reason !== null) throw new MusterError('usage', `--selector is wrong: ${reason}.`, { details: { flag: 'selector' } });
  let groups: readonly string[] = [];
  const matches = selectorMatcher(parsed.selector, () => groups);
  const refs: ManifestRef[] = [];
  for await (const device of hub.devices.list()) {
    groups = device.memberOf;
    // As the hub has it; ids that the hub gave need no check.
    if (matches(device as unknown as Parameters<typeof matches>[0])) refs.push({ kind: 'device', name: device.id });
  }
  return refs;
}

function byKind(refs: readonly ManifestRef[]): ReadonlyMap<ManifestKindName, string[]> {
  const found = new Map<ManifestKindName, string[]>();
  for (const { kind, name } of refs) {
    const names = found.get(kind);
    if (names) names.push(name);
    else found.set(kind, [name]);
  }
  return found;
}

export function keyOf({ kind, name }: ManifestRef): string {
  return `${kind} ${name}`;
}
