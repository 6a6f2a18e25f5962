import { z } from 'zod';
import type { OperatorAction } from '../../alarms/operator-action.ts';
import { displayState } from '../../alarms/state/display-state.ts';
import type { AlarmRecord } from '../../domain/alarm.ts';
import { formatDuration } from '../../domain/duration.ts';
import type { AlarmId, ProjectId } from '../../domain/ids.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { ActionOutcome, Alarms } from '../../supervision/supervision.ts';
import { actorOf } from '../actor.ts';
import { alarmDetail, type DetailPorts, renderAlarm } from '../alarm-detail.ts';
import { alarmStats } from '../alarm-stats.ts';
import { ALARM_TABLE } from '../alarm-table.ts';
import { foreignCursor, readCursor, writeCursor } from '../cursor.ts';
import type { ExportPlaces } from '../export-places.ts';
import { type Route, route } from '../route.ts';
import {
  type AlarmActionResult,
  AlarmActionResults,
  AlarmActions,
  AlarmCount,
  AlarmDetail,
  AlarmExportQuery,
  AlarmFilter,
  AlarmPage,
  AlarmQuery,
  AlarmStats,
  AlarmStatsQuery,
  type OperatorActionBody,
} from '../schema/alarms.ts';
import { type AlarmPosition, type AlarmSelection, firstAfter, positionOf, selectAlarms } from '../select-alarms.ts';
import { listOf } from '../select-points.ts';
import { tableAnswer } from '../table-answer.ts';

export interface AlarmPorts extends DetailPorts {
  readonly alarms: Alarms;
  readonly fleet: Fleet;
  readonly places: ExportPlaces;
  readonly clock: () => number;
  /** alarms.shelve-max-ms */
  readonly shelveMaxMs: number;
}

const ById = z.object({ id: z.string().max(100) });
/** Alarms that one request may act upon: all of them change in one transaction. */
const ACTIONS_MAX = 10_000;
/** Closed ones that one request looks through; what it did not find by then, the next page may. */
const LOOKED_AT_MAX = 20_000;
const STORED_PAGE = 1_000;
const WHOLE_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const isWholeId = (id: string): boolean => WHOLE_ID.test(id);
const FIRST_OF_CLOSED = '';
const STATS_MS = 7 * 86_400_000;

export function alarmRoutes(ports: AlarmPorts): Route[] {
  const { alarms, fleet, directory, clock } = ports;
  const select = (project: ProjectId, query: z.output<typeof AlarmFilter>): AlarmSelection =>
    selectAlarms(project, query, directory, (id) => fleet.device(project, id));

  return [
    route({
      method: 'GET',
      path: '/alarms',
      tag: 'alarms',
      summary: 'List alarms: live ones, the worst and newest first, then closed ones, the newest first',
      permission: 'alarm:read',
      query: AlarmQuery,
      responses: { 200: AlarmPage },
      async handle({ query, project }) {
        const selection = select(project, query);
        const ids = listOf(query.id);
        const page = ids?.every(isWholeId) ? await alarmsById(project, ids, selection, alarms) : await pageOfAlarms(project, selection, query, ports);
        return { status: 200, body: { items: page.records.map(renderAlarm), cursor: page.cursor } };
      },
    }),
    route({
      method: 'GET',
      path: '/alarms/count',
      tag: 'alarms',
      summary: 'How many live alarms there are',
      permission: 'alarm:read',
      query: AlarmFilter.omit({ closed: true }),
      responses: { 200: AlarmCount },
      handle({ query, project }) {
        const { matches } = select(project, { ...query, closed: 'false' });
        let count = 0;
        for (const record of alarms.live(project)) if (matches(record)) count += 1;
        return { status: 200, body: { count } };
      },
    }),
    route({
      method: 'GET',
      path: '/alarms/stats',
      tag: 'alarms',
      summary: 'How many alarms people get, and which are no good: the figures of ISA-18.2 and EEMUA 191',
      permission: 'alarm:read',
      query: AlarmStatsQuery,
      responses: { 200: AlarmStats },
      async handle({ query, project, signal }) {
        const to = query.to ?? clock();
        const range = { from: query.from ?? to - STATS_MS, to, operators: query.operators };
        if (range.from >= to) throw new MusterError('invalid', '"from" must be before "to"', { details: { field: 'from' } });
        const { operators: _operators, from: _from, to: _to, ...filter } = query;
        return { status: 200, body: await alarmStats(project, select(project, { ...filter, closed: 'false' }), range, ports, signal) };
      },
    }),
    route({
      method: 'GET',
      path: '/alarms/export',
      tag: 'alarms',
      summary: 'Export alarms as a file: live ones, the worst and newest first, then closed ones, the newest first',
      description: 'The body is streamed; one that is cut short ends without its last chunk.',
      permission: 'alarm:read',
      query: AlarmExportQuery,
      responses: { 200: null },
      handle({ query, project, signal }) {
        const selection = select(project, query);
        ports.places.take(signal);
        const page = async (limit: number, cursor: string | undefined) => {
          const { records, cursor: next } = await pageOfAlarms(project, selection, { limit, cursor }, ports);
          return { items: records.map(renderAlarm), cursor: next };
        };
        return tableAnswer(query, { name: 'alarms', columns: ALARM_TABLE, page }, signal);
      },
    }),
    route({
      method: 'GET',
      path: '/alarms/{id}',
      tag: 'alarms',
      summary: 'Show an alarm and why it is what it is: its rule, what happened to it, the samples around it',
      permission: 'alarm:read',
      params: ById,
      responses: { 200: AlarmDetail },
      async handle({ params, project, signal }) {
        const record = await alarms.get(project, params.id);
        return { status: 200, body: await alarmDetail(project, record, ports, signal), headers: ports.reader.caveat() };
      },
    }),
    route({
      method: 'POST',
      path: '/alarms/actions',
      tag: 'alarms',
      summary: 'Acknowledge, shelve, assign, ... one alarm or many',
      description: 'All in one transaction; each is told what became of it. A filter means the live ones it finds when it is asked.',
      permission: 'alarm:write',
      body: AlarmActions,
      responses: { 200: AlarmActionResults },
      async handle({ body, project, principal }) {
        const named = [body.ids, body.filter, body.subject].filter((one) => one !== undefined).length;
        if (named !== 1) throw new MusterError('invalid', 'give one of ids, filter and subject', { details: { field: 'ids' } });
        const action = actionOf(body.action, clock(), ports.shelveMaxMs);
        const actor = actorOf(principal);
        if (body.subject) {
          if (body.dryRun) throw new MusterError('invalid', 'a subject has no dry run', { details: { field: 'dryRun' } });
          const { rule, device, point } = body.subject;
          return {
            status: 200,
            body: results([await alarms.actOnSubject(project, rule, fleet.device(project, device).device.id, point, action, actor)], false),
          };
        }
        const ids = body.ids === undefined ? liveIds(alarms.live(project), select(project, { ...body.filter, closed: 'false' })) : [...new Set(body.ids)];
        return { status: 200, body: results(await alarms.act(project, ids as AlarmId[], action, actor, body.dryRun), body.dryRun) };
      },
    }),
  ];
}

/** Nothing is searched for: the history may be long. */
async function alarmsById(
  project: ProjectId,
  ids: readonly string[],
  selection: AlarmSelection,
  alarms: Alarms,
): Promise<{ records: readonly AlarmRecord[]; cursor: null }> {
  const records: AlarmRecord[] = [];
  for (const id of new Set(ids)) {
    const record = await alarms.get(project, id).catch(nullIfNotFound);
    if (record === null || !selection.matches(record)) continue;
    if (record.closedAt === null ? selection.live : selection.closed) records.push(record);
  }
  return { records, cursor: null };
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof MusterError && error.code === 'not_found') return null;
  throw error;
}

async function pageOfAlarms(
  project: ProjectId,
  selection: AlarmSelection,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  { alarms, alarming }: AlarmPorts,
): Promise<{ records: readonly AlarmRecord[]; cursor: string | null }> {
  const [part, rank, time, id] = (readCursor(cursor, ['string', 'number', 'number', 'string']) ?? ['live', -1, 0, '']) as [string, ...AlarmPosition];
  if (part !== 'live' && part !== 'closed') throw foreignCursor();
  if (part === 'live' && selection.live) {
    const found = firstAfter(alarms.live(project), selection.matches, [rank, time, id], limit + 1);
    const records = found.slice(0, limit);
    const last = records.at(-1);
    if (found.length > limit && last) return { records, cursor: writeCursor(['live', ...positionOf(last)]) };
    return { records, cursor: selection.closed ? writeCursor(['closed', 0, 0, FIRST_OF_CLOSED]) : null };
  }
  if (!selection.closed) return { records: [], cursor: null };
  const records: AlarmRecord[] = [];
  let next: string | null = part === 'live' || id === FIRST_OF_CLOSED ? null : id;
  for (let seen = 0; seen < LOOKED_AT_MAX && records.length < limit; seen += STORED_PAGE) {
    // No more than there is room for: the cursor of the disk stands behind a whole page.
    const page = await alarming.alarms.list(selection.stored, { limit: Math.min(STORED_PAGE, limit - records.length), cursor: next });
    records.push(...page.items.filter(selection.matches));
    next = page.cursor;
    if (next === null) break;
  }
  return { records, cursor: next === null ? null : writeCursor(['closed', 0, 0, next]) };
}

function liveIds(live: Iterable<AlarmRecord>, { matches }: AlarmSelection): string[] {
  const ids: string[] = [];
  for (const record of live) {
    if (!matches(record)) continue;
    ids.push(record.id);
    if (ids.length > ACTIONS_MAX) {
      throw new MusterError('limit_reached', `the filter finds more than ${ACTIONS_MAX} alarms`, { hint: 'Narrow it, and do the rest with the next request.' });
    }
  }
  return ids;
}

/** Durations are the client's, the clock is the hub's. */
function actionOf(body: z.output<typeof OperatorActionBody>, now: number, shelveMaxMs: number): OperatorAction {
  if (body.kind !== 'shelve') return body;
  const { forMs = shelveMaxMs, once, comment } = body;
  if (forMs > shelveMaxMs) {
    throw new MusterError('invalid', `an alarm may be shelved for ${formatDuration(shelveMaxMs)} at most (alarms.shelve-max-ms)`, {
      details: { field: 'action.forMs' },
    });
  }
  return { kind: 'shelve', until: now + forMs, once, comment };
}

function results(outcomes: readonly ActionOutcome[], dryRun: boolean) {
  const items = outcomes.map(resultOf);
  const count = (outcome: AlarmActionResult['outcome']): number => items.filter((item) => item.outcome === outcome).length;
  return { dryRun, done: count('done'), unchanged: count('unchanged'), failed: count('failed'), items };
}

function resultOf({ id, alarm, refused }: ActionOutcome): AlarmActionResult {
  const isUnchanged = refused?.code === 'unchanged';
  return {
    id,
    rule: alarm?.rule ?? null,
    device: alarm?.subject.device ?? null,
    point: alarm?.subject.point ?? null,
    group: alarm?.subject.group ?? null,
    severity: alarm?.severity ?? null,
    state: alarm === null ? null : displayState(alarm),
    shelvedUntil: alarm?.shelvedUntil ?? null,
    outcome: refused === null ? 'done' : isUnchanged ? 'unchanged' : 'failed',
    code: refused === null || isUnchanged ? null : refused.code,
    reason: refused?.reason ?? null,
  };
}
