import type { HubClient } from '../client/hub-client.ts';
import { depthOf } from '../domain/group.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Outcome } from './manifest-kind.ts';
import { isHopeless } from './one-by-one.ts';
import type { Plan, PlanEntry } from './plan.ts';
import { KINDS } from './registry.ts';

export interface AppliedRow {
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly changed: readonly string[];
  readonly code: string | null;
  readonly reason: string | null;
}

const DONE = { create: 'created', update: 'updated', delete: 'deleted', unchanged: 'unchanged' } as const;
/** Of one request. */
const MANAGED_CHUNK = 5_000;

/**
 * Makes and changes what is needed, kind after kind; then deletes, the other way round. What fails does not stop the rest, unless the hub itself is gone: then what was
 * not reached is `skipped`. What is applied belongs to the set from then on.
 */
export async function applyPlan(hub: HubClient, plan: Plan, set: string, signal: AbortSignal): Promise<readonly AppliedRow[]> {
  const rows = new Map<PlanEntry, AppliedRow>();
  let gone: MusterError | null = null;
  const run = async (entries: readonly PlanEntry[], act: () => Promise<readonly Outcome[]>, managed: 'add' | 'remove'): Promise<void> => {
    if (entries.length === 0 || gone !== null) return;
    try {
      signal.throwIfAborted();
      const outcomes = await act();
      const done = entries.filter((entry, index) => {
        const outcome = outcomes[index] ?? { ok: false, code: 'internal', reason: 'the hub gave no answer for it' };
        rows.set(entry, rowOf(entry, outcome));
        return outcome.ok;
      });
      await manage(hub, set, done, managed);
    } catch (error: unknown) {
      gone =
        error instanceof MusterError && isHopeless(error) ? error : signal.aborted ? new MusterError('interrupted', 'Interrupted.', { cause: error }) : null;
      if (gone === null) throw error;
    }
  };
  for (const kind of KINDS) {
    const own = plan.entries.filter((entry) => entry.kind === kind.name);
    await run(
      own.filter(({ action }) => action === 'unchanged'),
      async () => own.filter(({ action }) => action === 'unchanged').map(() => ({ ok: true })),
      'add',
    );
    const stored = own.filter(({ action }) => action === 'create' || action === 'update');
    const changes = stored.map(({ name, before, wanted, changed }) => ({ name, before, wanted: wanted ?? {}, changed }));
    await run(stored, () => kind.store(hub, changes), 'add');
  }
  for (const kind of [...KINDS].reverse()) {
    const doomed = plan.entries.filter((entry) => entry.kind === kind.name && entry.action === 'delete').sort(deepestFirst);
    await run(
      doomed,
      () =>
        kind.remove(
          hub,
          doomed.map(({ name }) => name),
        ),
      'remove',
    );
  }
  const failure = gone as MusterError | null;
  // Nothing was done: that is no part of the work that failed.
  if (failure !== null && rows.size === 0) throw failure;
  if (failure === null && plan.stale.length > 0) await manage(hub, set, plan.stale, 'remove');
  return plan.entries.map((entry) => rows.get(entry) ?? { ...refOf(entry), status: 'skipped', code: failure?.code ?? null, reason: failure?.message ?? null });
}

/** What it would do, without doing it. */
export function previewRows(plan: Plan): readonly AppliedRow[] {
  return plan.entries.map((entry) => {
    const { action, problems } = entry;
    if (problems.length > 0) return { ...refOf(entry), status: 'failed', code: 'invalid', reason: problems.join('; ') };
    return { ...refOf(entry), status: action === 'unchanged' ? 'unchanged' : `would be ${DONE[action]}`, code: null, reason: null };
  });
}

function rowOf(entry: PlanEntry, outcome: Outcome): AppliedRow {
  if (outcome.ok) return { ...refOf(entry), status: DONE[entry.action], code: null, reason: null };
  return { ...refOf(entry), status: 'failed', code: outcome.code, reason: outcome.reason };
}

function refOf({ kind, name, changed }: PlanEntry): Pick<AppliedRow, 'kind' | 'name' | 'changed'> {
  return { kind, name, changed };
}

async function manage(hub: HubClient, set: string, entries: readonly Pick<PlanEntry, 'kind' | 'name'>[], change: 'add' | 'remove'): Promise<void> {
  for (let begin = 0; begin < entries.length; begin += MANAGED_CHUNK) {
    const objects = entries.slice(begin, begin + MANAGED_CHUNK).map(({ kind, name }) => ({ kind, name }));
    await hub.manifestSets.change(set, { [change]: objects });
  }
}

/** A group goes after those below it. */
function deepestFirst(one: PlanEntry, other: PlanEntry): number {
  return one.kind === 'group' ? depthOf(other.name) - depthOf(one.name) : 0;
}
