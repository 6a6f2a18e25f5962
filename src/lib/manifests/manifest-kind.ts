import type { HubClient } from '../client/hub-client.ts';
import type { ManifestKindName } from '../domain/manifest.ts';
import type { ErrorCode } from '../errors/catalogue.ts';

/** What a manifest says of an object, or the hub: its fields by name, without its kind. */
export type Body = Readonly<Record<string, unknown>>;

export interface ManifestRef {
  readonly kind: ManifestKindName;
  readonly name: string;
}

/** One object of a file. */
export interface Manifest extends ManifestRef {
  readonly body: Body;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** An object that is to be made (before: null) or changed. */
export interface Change {
  readonly name: string;
  /** As the hub has it. */
  readonly before: Body | null;
  /** As the file says. */
  readonly wanted: Body;
  /** Names of fields that differ. */
  readonly changed: readonly string[];
}

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

/** One kind of object that a fleet as code consists of. A new one is a file in kinds/, a line in registry.ts and a word in domain/manifest.ts. */
export interface ManifestKind {
  readonly name: ManifestKindName;
  readonly plural: string;
  /** How its field `kind` is called beside the `kind` of a manifest; absent: its name, then `Kind`. */
  readonly ownKind?: string;
  /** The field that names it. */
  readonly key: 'id' | 'path';
  /** Fields that it may have, in the order in which they are written; null: the hub says what may be in it. */
  readonly fields: readonly string[] | null;
  /** What a file does not say, the object does not have; only `enabled` stays as it is. Else all that is not given stays as it is. */
  readonly whole: boolean;
  /** The fields with what they are when nothing is said, each written in one way: what is the same is equal. */
  normal(body: Body): Body;
  /** Does a field differ? Absent: when its normal values do. */
  differs?(field: string, wanted: Body, before: Body): boolean;
  list(hub: HubClient): AsyncIterable<Body>;
  /** Throws not_found. */
  show(hub: HubClient, name: string): Promise<Body>;
  /** In their order; an outcome for each. Throws when the hub itself is gone. */
  store(hub: HubClient, changes: readonly Change[]): Promise<readonly Outcome[]>;
  remove(hub: HubClient, names: readonly string[]): Promise<readonly Outcome[]>;
  /** What is wrong with it, before anything is changed; empty: nothing that can be known then. */
  check?(hub: HubClient, body: Body): Promise<readonly string[]>;
}
