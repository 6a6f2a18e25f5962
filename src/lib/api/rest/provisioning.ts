import { z } from 'zod';
import { provisioningRuleEvent } from '../../events/claim-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import type { Approval } from '../../provisioning/approval.ts';
import type { ProvisioningRules } from '../../provisioning/rules.ts';
import type { Trial } from '../../provisioning/trial.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import {
  Approve,
  Approved,
  ProvisioningRule,
  ProvisioningRuleCreate,
  ProvisioningRuleUpdate,
  ProvisioningTest,
  ProvisioningVerdict,
  RejectDevice,
} from '../schema/provisioning.ts';

export interface ProvisioningPorts {
  readonly provisioningRules: ProvisioningRules;
  readonly approval: Approval;
  readonly trial: Trial;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
}

const ById = z.object({ id: z.string().max(200) });

export function provisioningRoutes(ports: ProvisioningPorts): Route[] {
  return [...ruleRoutes(ports), ...decisionRoutes(ports)];
}

function ruleRoutes({ provisioningRules: rules, trial, recorder, clock }: ProvisioningPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/provisioning-rules',
      tag: 'claims',
      summary: 'List provisioning rules by name; they are asked in the order of their priority, then of their names',
      permission: 'claim:read',
      query: PageQuery,
      responses: { 200: pageOf(ProvisioningRule) },
      handle({ project, query }) {
        const after = readCursor(query.cursor, ['string'])?.[0] as string | undefined;
        const rows = [...rules.list(project)].sort((one, other) => (one.id < other.id ? -1 : 1)).filter(({ id }) => after === undefined || id > after);
        return {
          status: 200,
          body: takePage(
            rows,
            query.limit,
            ({ id }) => [id],
            (rule) => rule,
          ),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/provisioning-rules',
      adds: true,
      tag: 'claims',
      summary: 'Make a provisioning rule: what becomes of devices that come with a claim',
      permission: 'claim:write',
      body: ProvisioningRuleCreate,
      responses: { 201: ProvisioningRule },
      async handle({ project, principal, body: { id, ...fields } }) {
        const rule = await rules.create(project, id, fields, actorOf(principal));
        recorder.record(provisioningRuleEvent('provisioning-rule.created', rule, actorOf(principal), clock()));
        return { status: 201, body: rule };
      },
    }),
    route({
      method: 'POST',
      path: '/provisioning-rules/test',
      tag: 'claims',
      summary: 'Say what would become of a device, and which rules were asked; nothing is changed',
      permission: 'claim:read',
      body: ProvisioningTest,
      responses: { 200: ProvisioningVerdict },
      async handle({ project, body: { request, claim, address, protocol, rule } }) {
        const given = { request, claim: claim ?? null, address: address ?? null, protocol, rule: rule ?? null };
        return { status: 200, body: await trial.try(project, given) };
      },
    }),
    route({
      method: 'GET',
      path: '/provisioning-rules/{id}',
      tag: 'claims',
      summary: 'Show a provisioning rule',
      permission: 'claim:read',
      params: ById,
      responses: { 200: ProvisioningRule },
      handle: ({ project, params }) => ({ status: 200, body: rules.get(project, params.id) }),
    }),
    route({
      method: 'PATCH',
      path: '/provisioning-rules/{id}',
      tag: 'claims',
      summary: 'Change a provisioning rule; null clears',
      permission: 'claim:write',
      params: ById,
      body: ProvisioningRuleUpdate,
      responses: { 200: ProvisioningRule },
      async handle({ project, params, principal, body }) {
        const rule = await rules.update(project, params.id, body);
        recorder.record(provisioningRuleEvent('provisioning-rule.updated', rule, actorOf(principal), clock()));
        return { status: 200, body: rule };
      },
    }),
    route({
      method: 'DELETE',
      path: '/provisioning-rules/{id}',
      tag: 'claims',
      summary: 'Delete a provisioning rule; devices that it let in stay',
      permission: 'claim:write',
      params: ById,
      responses: { 204: null },
      async handle({ project, params, principal }) {
        const rule = rules.get(project, params.id);
        await rules.remove(project, params.id);
        recorder.record(provisioningRuleEvent('provisioning-rule.deleted', rule, actorOf(principal), clock()));
        return { status: 204 };
      },
    }),
  ];
}

function decisionRoutes({ approval }: ProvisioningPorts): Route[] {
  return [
    route({
      method: 'POST',
      path: '/devices/{id}/approve',
      tag: 'claims',
      summary: 'Let a device that is on hold into service',
      permission: 'device:write',
      params: ById,
      device: 'id',
      body: Approve,
      responses: { 200: Approved },
      async handle({ device, project, principal, body }) {
        const { device: after } = await approval.approve(project, device.device.id, body, actorOf(principal));
        const { id, name, type, state, groups, labels } = after;
        return { status: 200, body: { id, name, type, state, groups, labels } };
      },
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/reject',
      tag: 'claims',
      summary: 'Refuse a device that is on hold: it is deleted, or blocked',
      permission: 'device:write',
      params: ById,
      device: 'id',
      body: RejectDevice,
      responses: { 204: null },
      async handle({ device, project, principal, body }) {
        await approval.reject(project, device.device.id, body, actorOf(principal));
        return { status: 204 };
      },
    }),
  ];
}
