import { z } from 'zod';
import { describeRule } from '../../alarms/describe-rule.ts';
import type { Rule as CompiledRule } from '../../alarms/rule.ts';
import type { ProjectId, RuleId } from '../../domain/ids.ts';
import type { RuleRecord } from '../../domain/rule-record.ts';
import { subjectOf } from '../../domain/subject-key.ts';
import type { JsonValue } from '../../domain/value.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Directory } from '../../fleet/directory.ts';
import type { Alarms, RuleProblem, Rules } from '../../supervision/supervision.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import {
  Rule,
  RuleCheck,
  RuleDocument,
  RuleExplained,
  RuleProblem as RuleProblemSchema,
  RuleQuery,
  RuleShown,
  RuleSubject,
  RuleUpdateQuery,
  RuleVersionQuery,
} from '../schema/rules.ts';

export interface RulePorts {
  readonly rules: Rules;
  readonly alarms: Alarms;
  readonly directory: Directory;
}

const ById = z.object({ id: z.string().max(200) });
const EXAMPLES = 5;

export function ruleRoutes({ rules, alarms, directory }: RulePorts): Route[] {
  const render = (record: RuleRecord): Rule => renderRule(record, rules.compiled(record.project, record.id), rules.problems(record.project, record.id));

  async function shown(record: RuleRecord): Promise<RuleShown> {
    const rule = rules.compiled(record.project, record.id);
    return { ...render(record), watches: rule === null ? 0 : (await rules.subjects(record.project, rule, 0, null)).count };
  }

  /** Another version than the one in force. */
  async function ofVersion(project: ProjectId, id: string, version: number): Promise<RuleShown> {
    const record = (await rules.versions(project, id)).find((each) => each.version === version);
    if (!record)
      throw new MusterError('not_found', `the rule ${id} has no version ${version}`, { hint: `List them with \`muster rule show ${id} --versions\`.` });
    const current = rules.list(project).find((each) => each.id === id);
    if (current?.version === version) return shown(current);
    return { ...renderVersion(record), watches: null };
  }

  function renderVersion(record: RuleRecord): Rule {
    const read = rules.check(record.document as JsonValue);
    return renderRule(record, 'rule' in read ? read.rule : null, 'rule' in read ? [] : read.problems);
  }

  function countAlarms(project: ProjectId, id: RuleId): RuleExplained['alarms'] {
    const counts = { live: 0, active: 0, unacked: 0 };
    for (const alarm of alarms.live(project)) {
      if (alarm.rule !== id) continue;
      counts.live += 1;
      if (alarm.active) counts.active += 1;
      if (!alarm.acked) counts.unacked += 1;
    }
    return counts;
  }

  /** What is allowed and perhaps not meant. */
  function notesOn(project: ProjectId, rule: CompiledRule, watches: number): string[] {
    const notes: string[] = [];
    if (watches === 0) notes.push('it watches nothing at the moment: no device or point is in its scope');
    for (const type of rule.scope.types) if (directory.type(project, type as never) === undefined) notes.push(`there is no device type ${type}`);
    for (const { rule: other } of rule.suppressedBy) {
      if (!rules.list(project).some(({ id }) => id === other)) notes.push(`it is suppressed by the rule ${other}, which does not exist`);
    }
    for (const { device } of rule.actions)
      if (device !== null && directory.device(device)?.device.project !== project) notes.push(`its action is on ${device}, which does not exist`);
    if (rule.runsAt === 'edge' && rule.condition.subject === 'group')
      notes.push('it is about groups, which no gateway sees whole: gateways do not evaluate it');
    return notes;
  }

  return [
    route({
      method: 'GET',
      path: '/rules',
      tag: 'rules',
      summary: 'List alarm rules by id',
      permission: 'rule:read',
      query: RuleQuery,
      responses: { 200: pageOf(Rule) },
      handle({ query, project }) {
        const after = readCursor(query.cursor, ['string'])?.[0];
        const matching = rules
          .list(project)
          .filter(({ id }) => after === undefined || id > after)
          .map(render)
          .filter((rule) => (query.state === undefined || rule.state === query.state) && (query.kind === undefined || rule.kind === query.kind));
        return {
          status: 200,
          body: takePage(
            matching,
            query.limit,
            ({ id }) => [id],
            (rule) => rule,
          ),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/rules',
      adds: true,
      tag: 'rules',
      summary: 'Create an alarm rule from its document; it is in force when the answer comes',
      description: 'A document that is wrong is refused with all its problems in `details.problems`.',
      permission: 'rule:write',
      body: RuleDocument,
      responses: { 201: RuleShown },
      handle: async ({ body, project, principal }) => ({ status: 201, body: await shown(await rules.create(project, body as JsonValue, actorOf(principal))) }),
    }),
    route({
      method: 'POST',
      path: '/rules/check',
      tag: 'rules',
      summary: 'Say what is wrong with a rule, and what it would watch; changes nothing',
      permission: 'rule:read',
      body: RuleDocument,
      responses: { 200: RuleCheck },
      async handle({ body, project }) {
        await rules.prepare(body as JsonValue);
        const read = rules.check(body as JsonValue);
        const id = 'rule' in read ? read.rule.id : typeof body.id === 'string' ? body.id : null;
        const there = rules.list(project).find((record) => record.id === id);
        const version = there?.version ?? null;
        if ('problems' in read) {
          const answer: RuleCheck = { valid: false, problems: [...read.problems], notes: [], id, version, changed: true, watches: null, words: [] };
          return { status: 200, body: answer };
        }
        const { count: watches } = await rules.subjects(project, read.rule, 0, null);
        const answer: RuleCheck = {
          ...{ valid: true, problems: [], id, version, watches },
          notes: notesOn(project, read.rule, watches),
          changed: there === undefined || JSON.stringify(sortedKeys(there.document as JsonValue)) !== JSON.stringify(sortedKeys(body as JsonValue)),
          words: [...describeRule(read.rule, body as { readonly [name: string]: JsonValue })],
        };
        return { status: 200, body: answer };
      },
    }),
    route({
      method: 'GET',
      path: '/rules/{id}',
      tag: 'rules',
      summary: 'Show an alarm rule, or an older version of it',
      permission: 'rule:read',
      params: ById,
      query: RuleVersionQuery,
      responses: { 200: RuleShown },
      handle: async ({ params, query, project }) => ({
        status: 200,
        body: query.version === undefined ? await shown(rules.get(project, params.id)) : await ofVersion(project, params.id, query.version),
      }),
    }),
    route({
      method: 'PUT',
      path: '/rules/{id}',
      adds: true,
      tag: 'rules',
      summary: 'Replace the document of an alarm rule; its alarms follow at once',
      description: 'A document without `enabled` leaves the rule as it is. One that says the same as before makes no new version.',
      permission: 'rule:write',
      params: ById,
      query: RuleUpdateQuery,
      body: RuleDocument,
      responses: { 200: RuleShown },
      handle: async ({ params, query, body, project, principal }) => ({
        status: 200,
        body: await shown(await rules.update(project, params.id, body as JsonValue, query.version ?? null, actorOf(principal))),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/rules/{id}',
      tag: 'rules',
      summary: 'Delete an alarm rule; its alarms are withdrawn',
      permission: 'rule:write',
      params: ById,
      responses: { 204: null },
      async handle({ params, project, principal }) {
        await rules.delete(project, params.id, actorOf(principal));
        return { status: 204 };
      },
    }),
    ...(['enable', 'disable'] as const).map((verb) =>
      route({
        method: 'POST',
        path: `/rules/{id}/${verb}`,
        tag: 'rules',
        summary: verb === 'enable' ? 'Put an alarm rule in force' : 'Put an alarm rule out of force; its alarms are withdrawn',
        permission: 'rule:write',
        params: ById,
        responses: { 200: RuleShown },
        handle: async ({ params, project, principal }) => ({
          status: 200,
          body: await shown(await rules.setEnabled(project, params.id, verb === 'enable', actorOf(principal))),
        }),
      }),
    ),
    route({
      method: 'GET',
      path: '/rules/{id}/versions',
      tag: 'rules',
      summary: 'List the versions of an alarm rule, newest first; of one that was deleted too',
      permission: 'rule:read',
      params: ById,
      query: PageQuery,
      responses: { 200: pageOf(Rule) },
      async handle({ params, query, project }) {
        const before = readCursor(query.cursor, ['number'])?.[0] as number | undefined;
        const versions = (await rules.versions(project, params.id)).filter(({ version }) => before === undefined || version < before);
        return { status: 200, body: takePage(versions, query.limit, ({ version }) => [version], renderVersion) };
      },
    }),
    route({
      method: 'GET',
      path: '/rules/{id}/subjects',
      tag: 'rules',
      summary: 'List the points, devices or groups that an alarm rule watches now',
      permission: 'rule:read',
      params: ById,
      query: PageQuery,
      responses: { 200: pageOf(RuleSubject) },
      async handle({ params, query, project }) {
        const record = rules.get(project, params.id);
        const rule = rules.compiled(project, record.id);
        const after = readCursor(query.cursor, ['string'])?.[0] as string | undefined;
        const items = rule === null ? [] : (await rules.subjects(project, rule, query.limit + 1, after ?? null)).items;
        return {
          status: 200,
          body: takePage(
            items,
            query.limit,
            (subject) => [subject],
            (subject) => ({ subject, ...subjectOf(subject) }),
          ),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/rules/{id}/explain',
      tag: 'rules',
      summary: 'Say in words what an alarm rule does, and what it watches',
      permission: 'rule:read',
      params: ById,
      responses: { 200: RuleExplained },
      async handle({ params, project }) {
        const record = rules.get(project, params.id);
        const rule = rules.compiled(project, record.id);
        const watched = rule === null ? { items: [], count: 0 } : await rules.subjects(project, rule, EXAMPLES, null);
        const answer: RuleExplained = {
          ...{ id: record.id, version: record.version, state: stateOf(record, rule) },
          words: rule === null ? [] : [...describeRule(rule, record.document)],
          watches: watched.count,
          examples: [...watched.items],
          alarms: countAlarms(project, record.id),
          problems: [...rules.problems(project, record.id)],
        };
        return { status: 200, body: answer };
      },
    }),
  ];
}

export function stateOf(record: RuleRecord, rule: CompiledRule | null): Rule['state'] {
  return !record.enabled ? 'disabled' : rule === null ? 'unreadable' : 'in-force';
}

function renderRule(record: RuleRecord, rule: CompiledRule | null, problems: readonly RuleProblem[]): Rule {
  const { id, project, version, enabled, createdAt, createdBy } = record;
  const { description } = record.document;
  return {
    ...{ id, project, version, state: stateOf(record, rule), enabled },
    kind: rule?.condition.kind ?? null,
    levels: rule === null ? [] : [...rule.condition.levels],
    runsAt: rule?.runsAt ?? null,
    description: typeof description === 'string' ? description : null,
    document: currentDocument(record),
    ...{ createdAt, createdBy },
    problems: problems.map((problem) => RuleProblemSchema.parse(problem)),
  };
}

/** Says whether it is enabled now, whatever its author wrote: given back, it changes nothing. */
function currentDocument({ document, enabled }: RuleRecord): Rule['document'] {
  return enabled && document.enabled === undefined ? document : { ...document, enabled };
}

/** The order of keys is the author's taste. */
function sortedKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, sortedKeys(each)]),
  );
}
