import { formatDuration } from '../domain/duration.ts';
import type { JsonValue } from '../domain/value.ts';
import type { Rule, Scope } from './rule.ts';
import type { ScopePart } from './scope.ts';

type JsonObject = { readonly [name: string]: JsonValue };

/** What a rule says, in sentences for people. `document`: what it was read from, for the words of its condition. */
export function describeRule(rule: Rule, document: JsonObject): readonly string[] {
  const { condition } = rule;
  const sentences = [
    `It watches ${scopeWords(rule.scope, condition.subject)}.`,
    conditionWords(rule, asObject(document.when)),
    `Its levels are ${condition.levels.map(({ name, severity }) => (name === severity ? name : `${name} (${severity})`)).join(', ')}, from the least bad to the worst.`,
  ];
  if (rule.repeat !== null) sentences.push(`A level counts after ${rule.repeat.times} samples beyond it within ${formatDuration(rule.repeat.withinMs)}.`);
  if (rule.onDelayMs > 0) sentences.push(`It is raised when the condition has held for ${formatDuration(rule.onDelayMs)}.`);
  if (rule.offDelayMs > 0) sentences.push(`It is cleared when the condition has not held for ${formatDuration(rule.offDelayMs)}.`);
  if (rule.latch) sentences.push('It stays until somebody resets it (latch).');
  if (!rule.requiresAck) sentences.push('Nobody has to acknowledge it.');
  if (rule.reAlarmMs !== null) sentences.push(`It is told again every ${formatDuration(rule.reAlarmMs)} until it is acknowledged.`);
  if (rule.calendar !== null) sentences.push(`It is suppressed outside its calendar (${rule.calendar.timezone}).`);
  for (const { rule: other, of } of rule.suppressedBy)
    sentences.push(`It is suppressed while ${other} is active on ${of === 'parent' ? 'the gateway of the device' : 'the device'}.`);
  for (const { on, kind, device, name, value } of rule.actions) {
    const where = device === null ? 'the device' : device;
    sentences.push(`When it is ${on}, ${kind === 'set' ? `${name} of ${where} is set to ${JSON.stringify(value)}` : `${where} is called: ${name}`}.`);
  }
  sentences.push(rule.runsAt === 'edge' ? 'Gateways evaluate it; the hub does not.' : 'The hub evaluates it.');
  if (rule.late === 'historical') sentences.push('What late samples would have raised is written down as historical.');
  return sentences;
}

export function scopeWords(scope: Scope, subject: 'point' | 'device' | 'group'): string {
  const devices: string[] = [];
  if (scope.types.length > 0) devices.push(`of the type ${scope.types.join(' or ')}`);
  if (scope.groups.length > 0) devices.push(`in the group ${scope.groups.join(' or ')}`);
  if (scope.labels.length > 0) devices.push(`with the label${scope.labels.length === 1 ? '' : 's'} ${scope.labels.join(' and ')}`);
  if (scope.devices.length > 0) devices.push(`whose id is ${scope.devices.join(' or ')}`);
  const which = devices.length === 0 ? 'every device' : `devices ${devices.join(', ')}`;
  if (subject === 'group') return `groups of ${devices.length === 0 ? 'all devices' : which}`;
  if (subject === 'device') return which;
  return `${scope.points.length === 0 ? 'every point' : `the point ${scope.points.join(' or ')}`} of ${which}`;
}

function conditionWords({ condition }: Rule, when: JsonObject): string {
  const spec = when[condition.kind] ?? null;
  switch (condition.kind) {
    case 'bands':
      return Array.isArray(spec) ? `The value makes it ${bandsWords(spec)}.` : fallback(spec);
    case 'rate': {
      const { over, levels, per } = asObject(spec);
      return `The change of the value over ${text(over)}, per ${text(per ?? '1m')}, makes it ${bandsWords(levels)}.`;
    }
    case 'noData': {
      const { of } = asObject(spec);
      const silences = levelsIn(spec).map(({ level, after }) => `${text(level)} after ${text(after)}`);
      return `Silence of the ${of === 'device' ? 'device' : 'point'} makes it ${silences.join(', ')}.`;
    }
    case 'trend': {
      const { method, window, limit, direction } = asObject(spec);
      const times = levelsIn(spec).map(({ level, within }) => `${text(level)} within ${text(within)}`);
      const forecast = method === 'holt' ? 'Holt forecast from' : 'line through';
      return `The ${forecast} the last ${text(window)} goes ${text(direction)} ${text(limit)}: ${times.join(', ')}.`;
    }
    default:
      return fallback(spec);
  }

  function fallback(given: JsonValue): string {
    return `Its condition is ${condition.kind}: ${JSON.stringify(given)}.`;
  }
}

/** One level is written without a list. */
function levelsIn(spec: JsonValue): readonly JsonObject[] {
  const { levels } = asObject(spec);
  return Array.isArray(levels) ? levels.map(asObject) : [asObject(spec)];
}

function bandsWords(bands: JsonValue | undefined): string {
  return Array.isArray(bands) ? bands.map((band) => bandWords(asObject(band))).join(', ') : '?';
}

function bandWords({ level, high, low, deadband }: JsonObject): string {
  const edges: string[] = [];
  if (high !== undefined) edges.push(`at or above ${text(high)}`);
  if (low !== undefined) edges.push(`below ${text(low)}`);
  const leaves = deadband === undefined ? '' : ` (left with a deadband of ${text(deadband)})`;
  return `${text(level)} ${edges.join(' or ')}${leaves}`;
}

function asObject(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function text(value: JsonValue | undefined): string {
  return value === undefined ? '?' : typeof value === 'string' ? value : JSON.stringify(value);
}

const NOUNS = { type: 'type', group: 'group', labels: 'labels', device: 'id', points: 'path' } as const;

/** Why a scope does not hold: `its type is pump, not boiler`; empty: all of it holds. */
export function scopeRefusal(parts: readonly ScopePart[]): string {
  return parts
    .filter(({ holds }) => !holds)
    .map(({ part, wanted, is }) => {
      const [want, be] = part === 'labels' ? [wanted.join(' and '), 'are'] : [wanted.join(' or '), 'is'];
      return is === null ? `it has no ${NOUNS[part]} (wanted: ${want})` : `its ${NOUNS[part]} ${be} ${is}, not ${want}`;
    })
    .join('; ');
}
