import type { JsonObject, JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import { readObject } from './definition-file.ts';

/** One object from a YAML or JSON file; - for stdin. */
export async function readDocument(file: string, signal: AbortSignal): Promise<JsonObject> {
  return (await readObject(file, 'A configuration is an object.', signal)) as JsonObject;
}

/** `network.dhcp=false` repeated, as an object to merge (RFC 7396): values are JSON where they are that, else text; null removes. */
export function patchOf(pairs: readonly string[]): JsonObject {
  const patch: Record<string, JsonValue> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const names = pair.slice(0, Math.max(0, at)).split('.');
    if (at < 1 || names.some((name) => name === '' || name === '__proto__'))
      throw new MusterError('usage', `--set \`${pair}\` is not NAME=VALUE.`, { hint: 'Write it as --set network.dhcp=false.', details: { flag: 'set' } });
    let place = patch;
    for (const name of names.slice(0, -1)) {
      const inside = place[name];
      const next = typeof inside === 'object' && inside !== null && !Array.isArray(inside) ? (inside as Record<string, JsonValue>) : {};
      place[name] = next;
      place = next;
    }
    place[names.at(-1) ?? ''] = valueIn(pair.slice(at + 1));
  }
  return patch;
}

function valueIn(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
