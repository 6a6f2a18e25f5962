import type { Reading } from './reading.ts';

export interface DecodeLimits {
  readonly readingsMax: number;
  /** ms since 1970: the base of times that a format gives relative to now. */
  readonly now: number;
}

export type Decoded =
  | { readonly ok: true; readonly readings: readonly Reading[] }
  | { readonly ok: false; readonly code: 'undecodable' | 'too_many_readings'; readonly reason: string };

/** A payload format. Pure and synchronous; never throws on what a device sends. */
export interface Format {
  decode(payload: Uint8Array, limits: DecodeLimits): Decoded;
}

export interface FormatDefinition {
  readonly name: string;
  readonly summary: string;
  readonly contentTypes: readonly string[];
  /** True when the bytes can only be of this format; asked, in the registry's order, when no content type is given. */
  recognises(payload: Uint8Array): boolean;
  load(): Promise<Format>;
}
