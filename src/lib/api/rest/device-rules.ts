import { z } from 'zod';
import { displayState } from '../../alarms/state/display-state.ts';
import type { AlarmSubject } from '../../domain/alarm.ts';
import { subjectKey } from '../../domain/subject-key.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../../fleet/directory.ts';
import type { Presence } from '../../fleet/presence.ts';
import { edgeRulesFor } from '../../supervision/edge-rules.ts';
import { explainDevice, type Standing } from '../../supervision/explain-device.ts';
import type { Alarms, EdgeReport as EdgeReportOfGateway, Rules, Supervision } from '../../supervision/supervision.ts';
import { noteDevice } from '../note-device.ts';
import { type Route, route } from '../route.ts';
import { DeviceRules, DeviceRulesQuery, EdgeReport, EdgeReported, EdgeRules, type RuleStanding } from '../schema/rules.ts';
import { stateOf } from './rules.ts';

export interface DeviceRulePorts {
  readonly rules: Rules;
  readonly alarms: Alarms;
  readonly inspect: Supervision['inspect'];
  readonly directory: Directory;
  readonly presence: Presence;
  readonly latestKnown: () => Promise<void>;
  readonly clock: () => number;
}

const ById = z.object({ id: z.string().max(200).describe('the id, or an alias such as imei:490154203237518') });
const STANDINGS_MAX = 200;

/** What rules have to do with one device: what it evaluates itself, what it reports of that, and why a rule holds for it or not. */
export function deviceRuleRoutes(ports: DeviceRulePorts): Route[] {
  const { rules, alarms, directory, presence, latestKnown, clock } = ports;

  function renderStanding(device: DeviceEntry, { subject, view, alarm }: Standing): RuleStanding {
    const latest = subject.point === null ? null : (device.points.get(subject.point)?.latest ?? null);
    return {
      subject: subjectKey(subject),
      ...partsOf(subject),
      value: latest?.value ?? null,
      valueTime: latest?.time ?? null,
      level: view?.level ?? (alarm?.active && alarm.level !== null && alarm.severity !== null ? { name: alarm.level, severity: alarm.severity } : null),
      pending: view?.pending ?? null,
      explanation: view?.explanation ?? alarm?.explanation ?? '',
      alarm: alarm === null ? null : { id: alarm.id, state: displayState(alarm), raisedAt: alarm.raisedAt, suppressedBy: [...alarm.suppressedBy] },
    };
  }

  return [
    route({
      method: 'GET',
      path: '/devices/{id}/rules',
      tag: 'rules',
      summary: 'The rules that a gateway evaluates itself, for it and the devices behind it',
      description: 'Those with `runsAt: edge`. The ETag changes whenever the answer does: ask with If-None-Match, and 304 says that nothing has changed.',
      permission: 'device:read',
      params: ById,
      device: 'id',
      responses: { 200: EdgeRules, 304: null },
      handle({ device, ifNoneMatch }) {
        const held = edgeRulesFor(rules, directory, device);
        const headers = { etag: `"${held.version}"`, 'cache-control': 'private, no-cache' };
        if (ifNoneMatch !== null && namesTag(ifNoneMatch, held.version)) return { status: 304, headers };
        const body: EdgeRules = {
          version: held.version,
          rules: held.rules.map(({ record, devices }) => ({ id: record.id, version: record.version, document: record.document, devices: [...devices] })),
        };
        return { status: 200, headers, body };
      },
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/alarms',
      adds: true,
      tag: 'alarms',
      summary: 'Report an alarm that a gateway found itself',
      description:
        'The answer comes when it is on disk. What was said before changes nothing; what is older than the last change of the alarm, and what is about a rule of the hub, is refused with `conflict`. ' +
        'A gateway may report for the devices behind it. Over MQTT: the same object to `devices/<device>/alarm`.',
      permission: 'sample:write',
      params: ById,
      device: 'id',
      body: EdgeReport,
      responses: { 202: EdgeReported },
      async handle({ device, body, principal, address }) {
        const receivedAt = clock();
        noteDevice(presence, principal, device.device, address, receivedAt);
        const alarm = await alarms.reported(device.device.id, body as EdgeReportOfGateway, receivedAt);
        const answer: EdgeReported = {
          alarm: alarm?.id ?? null,
          state: alarm === null ? 'normal' : displayState(alarm),
          level: alarm?.active ? alarm.level : null,
          origin: alarm?.origin ?? 'edge',
        };
        return { status: 202, body: answer };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/explain',
      tag: 'rules',
      summary: 'Say which alarm rules hold for a device or point, how they stand, and why the others do not hold',
      permission: 'rule:read',
      params: ById,
      query: DeviceRulesQuery,
      device: 'id',
      responses: { 200: DeviceRules },
      async handle({ device, query }) {
        await latestKnown();
        const { point = null, rule = null } = query;
        if (point !== null && !device.points.has(point)) {
          throw new MusterError('not_found', `${device.device.id} has no point ${point}`, {
            hint: `List its points with \`muster point list ${device.device.id}\`.`,
          });
        }
        const explained = explainDevice(ports, device, directory.membershipOf(device.device), { point, rule }, STANDINGS_MAX);
        const body: DeviceRules = {
          device: device.device.id,
          point,
          complete: explained.complete,
          rules: explained.rules.map((each) => ({
            ...{ rule: each.record.id, version: each.record.version, state: stateOf(each.record, each.rule), holds: each.holds, why: each.why },
            kind: each.rule?.condition.kind ?? null,
            runsAt: each.rule?.runsAt ?? null,
            scope: each.scope.map(({ part, wanted, is, holds }) => ({ part, wanted: [...wanted], is, holds })),
            standing: each.standing.map((standing) => renderStanding(device, standing)),
          })),
        };
        return { status: 200, body };
      },
    }),
  ];
}

function partsOf({ device, point, group }: AlarmSubject): AlarmSubject {
  return { device, point, group };
}

/** RFC 9110 section 13.1.2: a list of tags, weak ones as good as strong ones, or `*`. */
function namesTag(header: string, tag: string): boolean {
  return header.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === `"${tag}"`);
}
