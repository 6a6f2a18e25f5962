import { mqtt } from './mqtt/definition.ts';

/** The ways in. A new one is a folder and a line here. */
export const PROTOCOLS = { mqtt } as const;
export type ProtocolName = keyof typeof PROTOCOLS;
