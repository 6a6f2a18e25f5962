import type { RuleDocument, RuleShown } from '../api/schema/rules.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { problemText, type RuleRow } from './rule-columns.ts';
import { ruleYaml } from './rule-file.ts';
import { placed, problemsIn } from './rule-problems.ts';
import { differenceOf } from './text-difference.ts';

export interface StoreRulesWork {
  readonly hub: HubClient;
  readonly signal: AbortSignal;
  /** create: there must be none. update: there must be one. either: as it comes. */
  readonly mode: 'create' | 'update' | 'either';
  /** Refused unless the rule has this version. */
  readonly version?: number | undefined;
}

/** After one of these the rest would fail the same way. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['unreachable', 'timed_out', 'not_logged_in', 'locked_out', 'interrupted', 'stopping']);

export async function storeRule(
  document: RuleDocument,
  { hub, mode, version }: StoreRulesWork,
): Promise<{ readonly rule: RuleShown; readonly status: string }> {
  if (mode === 'create') return { rule: await hub.rules.create(document), status: 'created' };
  const id = idOf(document);
  const before = await currentOf(hub, id);
  if (before === null && mode === 'either') return { rule: await hub.rules.create(document), status: 'created' };
  const rule = await hub.rules.update(id, document, version);
  return { rule, status: rule.version === before?.version ? 'unchanged' : 'updated' };
}

/** One after the other; what fails does not stop the others, unless the hub itself is gone. */
export async function storeRules(documents: readonly RuleDocument[], work: StoreRulesWork): Promise<RuleRow[]> {
  return eachRule(documents, work.signal, async (document) => {
    const { rule, status } = await storeRule(document, work);
    return { id: rule.id, status, version: rule.version, watches: rule.watches, code: null, reason: null, notes: [], problems: [] };
  });
}

export interface RulePreview {
  readonly rows: readonly RuleRow[];
  /** For people: how each differs from the rule that there is. */
  readonly differences: readonly { readonly id: string; readonly lines: readonly string[] }[];
}

/** What storing them would do. Changes nothing. */
export async function previewRules(documents: readonly RuleDocument[], { hub, mode, signal }: StoreRulesWork): Promise<RulePreview> {
  const differences: { id: string; lines: readonly string[] }[] = [];
  const rows = await eachRule(documents, signal, async (document) => {
    const check = await hub.rules.check(document);
    const id = check.id ?? idOf(document);
    const row = { id, version: check.version, watches: check.watches, notes: check.notes, problems: placed(check.problems, document) };
    if (!check.valid) return { ...row, status: 'failed', code: 'invalid', reason: check.problems.map(problemText).join('; ') };
    if (check.version !== null && mode === 'create') return { ...row, status: 'failed', code: 'conflict', reason: `there is a rule ${id} already` };
    if (check.version === null && mode === 'update') return { ...row, status: 'failed', code: 'not_found', reason: `there is no rule ${id}` };
    const before = check.version === null ? '' : await ruleYaml((await hub.rules.show(id)).document);
    const lines = differenceOf(before, await ruleYaml(document));
    if (check.version !== null) differences.push({ id, lines });
    const status = check.version === null ? 'would be created' : check.changed ? 'would be updated' : 'unchanged';
    return { ...row, status, code: null, reason: null };
  });
  return { rows, differences };
}

async function eachRule(documents: readonly RuleDocument[], signal: AbortSignal, act: (document: RuleDocument) => Promise<RuleRow>): Promise<RuleRow[]> {
  const rows: RuleRow[] = [];
  let hopeless: MusterError | undefined;
  for (const document of documents) {
    const id = typeof document.id === 'string' ? document.id : '';
    const failed = { id, version: null, watches: null, notes: [], problems: [] };
    if (hopeless || signal.aborted) {
      rows.push({ ...failed, status: 'skipped', code: hopeless?.code ?? 'interrupted', reason: hopeless?.message ?? 'Interrupted.' });
      continue;
    }
    try {
      rows.push(await act(document));
    } catch (error: unknown) {
      if (documents.length === 1) throw error;
      const failure = error instanceof MusterError ? error : new MusterError('internal', messageOf(error), { cause: error });
      if (HOPELESS.has(failure.code)) hopeless = failure;
      rows.push({ ...failed, status: 'failed', code: failure.code, reason: failure.message, problems: problemsIn(failure, document) });
    }
  }
  return rows;
}

async function currentOf(hub: HubClient, id: string): Promise<RuleShown | null> {
  try {
    return await hub.rules.show(id);
  } catch (error: unknown) {
    if (error instanceof MusterError && error.code === 'not_found') return null;
    throw error;
  }
}

function idOf(document: RuleDocument): string {
  if (typeof document.id === 'string' && document.id !== '') return document.id;
  throw new MusterError('usage', 'The rule has no id.', { hint: 'Give it in the document, as `id: boiler-hot`.' });
}
