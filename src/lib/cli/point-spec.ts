import type { DeviceType, DeviceTypeCreate } from '../api/schema/fleet.ts';
import { isPointPath, POINT_RULE } from '../domain/ids.ts';
import { POINT_KINDS } from '../domain/point.ts';
import { isRetention, RETENTION_RULE } from '../domain/retention.ts';
import { VALUE_TYPES } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';

export type PointInput = NonNullable<DeviceTypeCreate['points']>[number];
type PointOutput = DeviceType['points'][number];

export const POINT_SPEC_HELP = `A point is PATH[:TYPE[:UNIT]][:KEY=VALUE...], for example "boiler/temperature:number:°C:min=0:max=120".
TYPE is ${VALUE_TYPES.join(', ')} (number when absent). The keys are kind (${POINT_KINDS.join(', ')}), unit, decimals, min, max, retention (${RETENTION_RULE}) and description. A colon inside a part is written \\:, a backslash \\\\.`;

const KEYS = ['kind', 'unit', 'decimals', 'min', 'max', 'retention', 'description'] as const;
type Key = (typeof KEYS)[number];

/** Parses what --point takes; see POINT_SPEC_HELP. */
export function parsePointSpec(spec: string): PointInput {
  const [path = '', ...parts] = splitParts(spec);
  if (!isPointPath(path)) throw wrong(spec, `its path \`${path}\` is not ${POINT_RULE}`);
  const point: { -readonly [Name in keyof PointInput]: PointInput[Name] } = { path };
  const seen = new Set<Key | 'type'>();
  const once = (name: Key | 'type'): void => {
    if (seen.has(name)) throw wrong(spec, `it says its ${name} twice`);
    seen.add(name);
  };
  const positions = ['type', 'unit'] as const;
  let position = 0;
  for (const part of parts) {
    const at = part.indexOf('=');
    const key = KEYS.find((candidate) => candidate === part.slice(0, Math.max(0, at)));
    if (key !== undefined) {
      once(key);
      setKey(point, key, part.slice(at + 1), spec);
      // After KEY=VALUE nothing is told by its position.
      position = positions.length;
      continue;
    }
    const meaning = positions[position];
    if (meaning === undefined) throw wrong(spec, `\`${part}\` is none of ${KEYS.map((name) => `${name}=`).join(', ')}`);
    position += 1;
    if (part === '') continue;
    once(meaning);
    if (meaning === 'unit') point.unit = part;
    else point.valueType = oneOf(VALUE_TYPES, part) ?? fail(spec, `its type \`${part}\` is none of ${VALUE_TYPES.join(', ')}`);
  }
  return point;
}

/** The inverse. */
export function formatPointSpec(point: PointOutput): string {
  const keys: string[] = [];
  if (point.kind !== 'measure') keys.push(`kind=${point.kind}`);
  if (point.unit !== null) keys.push(`unit=${escapePart(point.unit)}`);
  for (const key of ['decimals', 'min', 'max'] as const) if (point[key] !== null) keys.push(`${key}=${point[key]}`);
  if (point.retention !== null) keys.push(`retention=${point.retention}`);
  if (point.description !== null) keys.push(`description=${escapePart(point.description)}`);
  return [escapePart(point.path), point.valueType, ...keys].join(':');
}

function setKey(point: { -readonly [Name in keyof PointInput]: PointInput[Name] }, key: Key, text: string, spec: string): void {
  switch (key) {
    case 'kind':
      point.kind = oneOf(POINT_KINDS, text) ?? fail(spec, `its kind \`${text}\` is none of ${POINT_KINDS.join(', ')}`);
      return;
    case 'unit':
    case 'description':
      point[key] = text;
      return;
    case 'retention':
      if (!isRetention(text)) throw wrong(spec, `its retention \`${text}\` is not ${RETENTION_RULE}`);
      point.retention = text;
      return;
    case 'decimals':
      if (!/^\d{1,2}$/.test(text)) throw wrong(spec, `its decimals \`${text}\` are not a whole number`);
      point.decimals = Number(text);
      return;
    case 'min':
    case 'max': {
      const limit = text.trim() === '' ? Number.NaN : Number(text);
      if (!Number.isFinite(limit)) throw wrong(spec, `its ${key} \`${text}\` is not a number`);
      point[key] = limit;
    }
  }
}

function splitParts(spec: string): string[] {
  const parts = [''];
  for (let index = 0; index < spec.length; index += 1) {
    const character = spec[index] ?? '';
    const next = spec[index + 1];
    if (character === '\\' && (next === ':' || next === '\\')) {
      parts[parts.length - 1] += next;
      index += 1;
    } else if (character === ':') parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function escapePart(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}

function oneOf<Name extends string>(names: readonly Name[], text: string): Name | undefined {
  return names.find((name) => name === text);
}

function wrong(spec: string, why: string): MusterError {
  return new MusterError('usage', `--point \`${spec.slice(0, 200)}\` is wrong: ${why}.`, {
    hint: 'Write it as "boiler/temperature:number:°C:min=0:max=120".',
    details: { flag: 'point' },
  });
}

function fail(spec: string, why: string): never {
  throw wrong(spec, why);
}
