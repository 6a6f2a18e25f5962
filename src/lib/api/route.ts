import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Principal } from '../access/principal.ts';
import type { Action } from '../access/roles.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { DeviceEntry } from '../fleet/directory.ts';

/** What an answer may be: a status with a JSON body, with nothing, or with a stream. */
export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: number; readonly stream: Readable; readonly headers: Readonly<Record<string, string>> };

export interface RouteRequest<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly principal: Principal;
  readonly project: ProjectId;
  /** The device of the path, when `device` names its parameter; of the principal's project. */
  readonly device: DeviceEntry;
  /** null: the connection was gone before it could be asked. */
  readonly address: string | null;
  readonly contentType: string | null;
  /** The Idempotency-Key, if the request has one. */
  readonly idempotencyKey: string | null;
  readonly path: string;
  /** The If-None-Match, if the request has one. */
  readonly ifNoneMatch: string | null;
  /** The fingerprint of the certificate that the client showed in the TLS handshake; null: none. */
  clientCertificate(): string | null;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** `open`: no credentials. `authenticated`: any principal. Else the permission that the principal needs. */
export type Permission = Action | 'open' | 'authenticated';

type Schema = z.ZodType;
type Infer<S extends Schema | undefined> = S extends Schema ? z.output<S> : undefined;

export interface RouteDefinition<P extends Schema | undefined, Q extends Schema | undefined, B extends Schema | undefined> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below /api/v1, in OpenAPI's form: /devices/{id} */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly permission: Permission;
  /** A second one, for a route that shows what another permission guards. */
  readonly alsoNeeds?: Action;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** The body is bytes of any type, up to limits.payload-bytes-max. */
  readonly rawBody?: boolean;
  /** It adds to what is stored: refused while the disk has too little room. */
  readonly adds?: boolean;
  /** A device's report: its body is not read while the hub cannot follow, and what is too large is kept among the device's rejected messages. */
  readonly reports?: boolean;
  /** The path parameter that holds a device's id or alias. The permission is asked for that device. */
  readonly device?: string;
  readonly responses: Readonly<Record<number, Schema | null>>;
  handle(request: RouteRequest<Infer<P>, Infer<Q>, Infer<B>>): Answer | Promise<Answer>;
}

/** A route with its types erased: what the server registers. */
export type Route = RouteDefinition<Schema | undefined, Schema | undefined, Schema | undefined>;

/** Keeps the types of parameters, query and body between the schemas and the handler. */
export function route<P extends Schema | undefined = undefined, Q extends Schema | undefined = undefined, B extends Schema | undefined = undefined>(
  definition: RouteDefinition<P, Q, B>,
): Route {
  // The server hands the handler exactly what these schemas gave, so erasing them here is safe.
  return definition as unknown as Route;
}
