import type { RuleDocument } from '../api/schema/rules.ts';
import { formatDuration } from '../domain/duration.ts';
import { SEVERITIES, type Severity } from '../domain/severity.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type ScopeChoice, scopeOf } from './scope-flags.ts';

/** What `rule create` may be told without a file. Durations in ms. */
export interface RuleChoice extends ScopeChoice {
  readonly description?: string | undefined;
  readonly high?: readonly string[] | undefined;
  readonly low?: readonly string[] | undefined;
  readonly deadband?: string | undefined;
  readonly 'no-data'?: string | undefined;
  readonly equals?: readonly string[] | undefined;
  readonly 'on-delay'?: number | undefined;
  readonly 'off-delay'?: number | undefined;
  readonly message?: string | undefined;
  readonly latch?: boolean | undefined;
  readonly 'no-ack'?: boolean | undefined;
  readonly 're-alarm'?: number | undefined;
  readonly 'runs-at'?: string | undefined;
  readonly disabled?: boolean | undefined;
}

/** The document that the flags stand for; the hub checks it. Throws MusterError `usage`. */
export function ruleFromFlags(id: string, choice: RuleChoice): RuleDocument {
  const duration = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : formatDuration(ms));
  const document: Record<string, unknown> = {
    id,
    description: choice.description,
    enabled: choice.disabled ? false : undefined,
    scope: scopeOf(choice),
    when: whenOf(choice),
    onDelay: duration(choice['on-delay']),
    offDelay: duration(choice['off-delay']),
    message: choice.message,
    latch: choice.latch ? true : undefined,
    requiresAck: choice['no-ack'] ? false : undefined,
    reAlarm: duration(choice['re-alarm']),
    runsAt: choice['runs-at'],
  };
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined));
}

function whenOf(choice: RuleChoice): Record<string, unknown> {
  const { high = [], low = [], equals = [], deadband } = choice;
  const noData = choice['no-data'];
  const kinds = [high.length + low.length > 0, noData !== undefined, equals.length > 0].filter(Boolean).length;
  if (kinds !== 1) {
    throw new MusterError('usage', kinds === 0 ? 'The rule has no condition.' : 'A rule has one kind of condition.', {
      hint: 'Give --high or --low (limits), --no-data (silence), or --equals (states); anything else with --file.',
    });
  }
  if (deadband !== undefined && high.length + low.length === 0) throw new MusterError('usage', '--deadband is for --high and --low.');
  if (noData !== undefined) {
    const [after = '', level] = splitLevel('no-data', noData);
    // On a device as a whole, unless points are named.
    return { noData: { after, level, ...(choice.point === undefined ? { of: 'device' } : {}) } };
  }
  if (equals.length > 0) {
    const levels = new Map<string, unknown[]>();
    for (const each of equals) {
      const [value = '', level] = splitLevel('equals', each);
      levels.set(level, [...(levels.get(level) ?? []), scalarOf(value)]);
    }
    if (levels.size > 1) throw new MusterError('usage', 'The states of --equals must have one severity.', { hint: 'Make a rule for each, or give --file.' });
    const [[level, values]] = [...levels] as [[string, unknown[]]];
    return { state: { in: values, level } };
  }
  const bands = [
    ...high.map((each) => band('high', each)).sort((one, other) => one.limit - other.limit),
    ...low.map((each) => band('low', each)).sort((one, other) => other.limit - one.limit),
  ];
  const margin = deadband === undefined ? {} : { deadband: deadbandOf(deadband) };
  return { bands: bands.map(({ edge, limit, level }) => ({ level, [edge]: limit, ...margin })) };
}

function band(edge: 'high' | 'low', text: string): { readonly edge: 'high' | 'low'; readonly limit: number; readonly level: Severity } {
  const [number = '', level] = splitLevel(edge, text);
  const limit = number.trim() === '' ? Number.NaN : Number(number);
  if (!Number.isFinite(limit))
    throw new MusterError('usage', `--${edge} \`${text}\` is not a number and a severity.`, { hint: `Write it as --${edge} 80:major.` });
  return { edge, limit, level };
}

/** `80:major`; major when it is not said. */
function splitLevel(flag: string, text: string): readonly [string, Severity] {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return [text, 'major'];
  const level = SEVERITIES.find((severity) => severity === text.slice(colon + 1));
  if (level !== undefined) return [text.slice(0, colon), level];
  throw new MusterError('usage', `--${flag} \`${text}\`: ${text.slice(colon + 1)} is not a severity.`, { hint: `They are: ${SEVERITIES.join(', ')}.` });
}

function deadbandOf(text: string): number | string {
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

/** A number, true or false as such; anything else is a text. */
function scalarOf(text: string): number | boolean | string {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : text;
}
