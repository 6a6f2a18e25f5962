import { startsWithOneOf } from '../first-byte.ts';
import type { FormatDefinition } from '../format.ts';

// The labels of a SenML record that Muster's own JSON list cannot begin with: RFC 8428 section 4.
const SENML_LABEL = /^\s*\[\s*\{\s*"(?:bn|bt|bu|bv|bs|bver|n|u|v|vs|vb|vd|t|ut)"\s*:/;
const HEAD_BYTES = 64;

export const senmlDefinition: FormatDefinition = {
  name: 'senml',
  summary: 'SenML JSON (RFC 8428)',
  contentTypes: ['application/senml+json'],
  recognises: (payload) => startsWithOneOf(payload, '[') && SENML_LABEL.test(Buffer.from(payload.subarray(0, HEAD_BYTES)).toString('latin1')),
  load: async () => (await import('./senml-format.ts')).senmlFormat,
};
