import type { FormatDefinition } from '../format.ts';

export const jsonDefinition: FormatDefinition = {
  name: 'json',
  summary: 'Muster JSON: {"ts": ms, "values": {path: value}}, a list of such objects, or a bare object of values',
  contentTypes: ['application/json', 'text/json'],
  // SenML is a list too: its definition stands before this one and looks closer.
  recognises: (payload) => startsWithOneOf(payload, '{['),
  load: async () => (await import('./json-format.ts')).jsonFormat,
};

/** The first byte that is not white space is one of these. */
export function startsWithOneOf(payload: Uint8Array, characters: string): boolean {
  for (const byte of payload) {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
    return characters.includes(String.fromCharCode(byte));
  }
  return false;
}
