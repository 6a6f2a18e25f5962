import type { Rule } from '../../../../src/lib/alarms/rule.ts';
import { parseRule } from '../../../../src/lib/alarms/rule-document.ts';
import type { JsonValue } from '../../../../src/lib/domain/value.ts';

/** Devices of which one message is on its way at a time: what the clock brings can be told from what samples bring. */
export const CALM = 'calm-';
/** Devices that send on without waiting: after a crash some of it comes twice. */
export const EAGER = 'eager-';

const BOTH = [`${CALM}*`, `${EAGER}*`];

/** Of most kinds. The message has no expressions in it, so that whoever computes the same needs no fleet. */
const DOCUMENTS: readonly { readonly [name: string]: JsonValue }[] = [
  {
    id: 'limits',
    scope: { device: BOTH, points: 'level' },
    when: {
      bands: [
        { level: 'minor', high: 70, deadband: 5 },
        { level: 'critical', high: 85, deadband: '5%' },
        { level: 'warning', low: 15, deadband: 4 },
      ],
    },
  },
  {
    id: 'latching',
    scope: { device: BOTH, points: 'level' },
    when: { bands: [{ level: 'major', high: 88, deadband: 20 }] },
    latch: true,
    requiresAck: false,
  },
  {
    id: 'often',
    scope: { device: BOTH, points: 'level' },
    when: { bands: [{ level: 'major', high: 80, deadband: 10 }] },
    repeat: { times: 3, within: '20s' },
    reAlarm: '1500ms',
  },
  {
    id: 'fault',
    scope: { device: BOTH, points: 'mode' },
    when: {
      state: {
        levels: [
          { level: 'major', in: ['fault'] },
          { level: 'warning', notIn: ['fault', 'run'] },
        ],
      },
    },
    requiresAck: false,
  },
  {
    id: 'steep',
    scope: { device: BOTH, points: 'level' },
    when: { rate: { over: '200ms', per: '1s', levels: [{ level: 'minor', high: 150, deadband: 20 }] } },
  },
  {
    id: 'together',
    scope: { device: BOTH },
    when: { joint: { points: { l: 'level', m: 'mode' }, last: 4, level: 'minor', if: "avg(last.l) > 55.0 && m == 'fault'" } },
    requiresAck: false,
  },
  {
    id: 'delayed',
    scope: { device: `${CALM}*`, points: 'level' },
    when: { bands: [{ level: 'minor', high: 60, deadband: 10 }] },
    onDelay: '150ms',
  },
  { id: 'silent', scope: { device: `${CALM}*`, points: 'level' }, when: { noData: { after: '800ms', level: 'major' } }, requiresAck: false },
];

export const SILENT = 'silent';
export const SILENT_AFTER_MS = 800;
export const RULES: readonly { readonly document: { readonly [name: string]: JsonValue }; readonly rule: Rule }[] = DOCUMENTS.map((document) => {
  const whole = { ...document, message: `${document.id} is beyond its limits` };
  const parsed = parseRule(whole, { version: 1 });
  if (!parsed.ok) throw new Error(`the rule ${String(document.id)} is wrong: ${JSON.stringify(parsed.problems)}`);
  return { document: whole, rule: parsed.rule };
});

export function watches(rule: Rule, device: string): boolean {
  return device.startsWith(CALM) || rule.scope.devices.some((pattern) => pattern.startsWith(EAGER));
}
