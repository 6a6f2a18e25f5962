import { startsWithOneOf } from '../first-byte.ts';
import type { FormatDefinition } from '../format.ts';

export const jsonDefinition: FormatDefinition = {
  name: 'json',
  summary: 'Muster JSON: {"ts": ms, "values": {path: value}}, a list of such objects, or a bare object of values',
  contentTypes: ['application/json', 'text/json'],
  // SenML is a list too: its definition stands before this one and looks closer.
  recognises: (payload) => startsWithOneOf(payload, '{['),
  load: async () => (await import('./json-format.ts')).jsonFormat,
};
