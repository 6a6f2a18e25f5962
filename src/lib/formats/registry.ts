import type { Format, FormatDefinition } from './format.ts';
import { jsonDefinition } from './json/definition.ts';
import { senmlDefinition } from './senml/definition.ts';

/** Asked in this order when a payload names no content type. */
export const FORMATS: readonly FormatDefinition[] = [senmlDefinition, jsonDefinition];

/** Which format is it? null: none that the hub knows. */
export type FormatChooser = (contentType: string | null, payload: Uint8Array) => Format | null;

/** Loads every format once. A content type decides; without one (or with `application/octet-stream`) the first bytes do. */
export async function loadFormats(): Promise<FormatChooser> {
  const loaded = await Promise.all(FORMATS.map(async (definition) => ({ definition, format: await definition.load() })));
  const byType = new Map(loaded.flatMap(({ definition, format }) => definition.contentTypes.map((type) => [type, format] as const)));
  return (contentType, payload) => {
    if (contentType === null) return sniff(payload);
    const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (type !== '' && type !== 'application/octet-stream' && type !== 'text/plain') {
      const named = byType.get(type);
      // A JSON body posted without care for its type (curl's default among them) is still looked at.
      if (named) return named === byType.get('application/json') ? (sniff(payload) ?? named) : named;
      if (type !== 'application/x-www-form-urlencoded') return null;
    }
    return sniff(payload);
  };
  function sniff(payload: Uint8Array): Format | null {
    for (const { definition, format } of loaded) if (definition.recognises(payload)) return format;
    return null;
  }
}
