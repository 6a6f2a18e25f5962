import { z } from 'zod';
import type { Accounts } from '../../access/accounts.ts';
import type { DeviceCredentials } from '../../access/device-credentials.ts';
import { credentialCreated, credentialRemoved } from '../../events/credential-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { LoginRequest, LoginResponse, Token, TokenCreate, TokenCreated, User, UserCreate, UserCreated, UserUpdate } from '../schema/access.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { Credential, CredentialCreate, CredentialCreated } from '../schema/fleet.ts';

export interface AccessPorts {
  readonly accounts: Accounts;
  readonly credentials: DeviceCredentials;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
}

const ById = z.object({ id: z.string().max(200) });
const ByName = z.object({ name: z.string().max(200) });
const OfDevice = z.object({ id: z.string().max(200), credentialId: z.string().max(200) });

export function accessRoutes(ports: AccessPorts): Route[] {
  return [...sessionRoutes(ports), ...tokenRoutes(ports), ...userRoutes(ports), ...credentialRoutes(ports)];
}

function sessionRoutes({ accounts }: AccessPorts): Route[] {
  return [
    route({
      method: 'POST',
      path: '/sessions',
      tag: 'access',
      summary: 'Log in with name and password',
      permission: 'open',
      body: LoginRequest,
      responses: { 201: LoginResponse },
      handle: async ({ body, address }) => ({ status: 201, body: await accounts.login(body.user, body.password, address) }),
    }),
    route({
      method: 'DELETE',
      path: '/sessions/current',
      tag: 'access',
      summary: 'Log out: revoke the token in use',
      permission: 'authenticated',
      responses: { 204: null },
      async handle({ principal }) {
        await accounts.logout(principal);
        return { status: 204 };
      },
    }),
  ];
}

function tokenRoutes({ accounts, clock }: AccessPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/tokens',
      tag: 'access',
      summary: 'List API tokens, log-ins among them',
      permission: 'token:read',
      query: PageQuery,
      responses: { 200: pageOf(Token) },
      handle: async ({ project, query }) => ({ status: 200, body: listed(await accounts.tokens.list(project), query, ({ id }) => id) }),
    }),
    route({
      method: 'POST',
      path: '/tokens',
      adds: true,
      tag: 'access',
      summary: 'Create an API token; it is shown this once',
      permission: 'token:write',
      body: TokenCreate,
      responses: { 201: TokenCreated },
      async handle({ project, body: { name, role, expiresInSeconds } }) {
        const expiresAt = expiresInSeconds === undefined ? null : clock() + expiresInSeconds * 1000;
        return { status: 201, body: await accounts.tokens.issue({ project, name, role, user: null, expiresAt }) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/tokens/{id}',
      tag: 'access',
      summary: 'Revoke an API token',
      permission: 'token:write',
      params: ById,
      responses: { 204: null },
      async handle({ project, params }) {
        await accounts.tokens.revoke(project, params.id);
        return { status: 204 };
      },
    }),
  ];
}

function userRoutes({ accounts }: AccessPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/users',
      tag: 'access',
      summary: 'List users',
      permission: 'user:read',
      query: PageQuery,
      responses: { 200: pageOf(User) },
      handle: async ({ project, query }) => ({ status: 200, body: listed(await accounts.users.list(project), query, ({ name }) => name) }),
    }),
    route({
      method: 'POST',
      path: '/users',
      adds: true,
      tag: 'access',
      summary: 'Create a user',
      permission: 'user:write',
      body: UserCreate,
      responses: { 201: UserCreated },
      handle: async ({ project, body }) => ({ status: 201, body: await accounts.users.create(project, body) }),
    }),
    route({
      method: 'PATCH',
      path: '/users/{name}',
      tag: 'access',
      summary: 'Change a user',
      permission: 'user:write',
      params: ByName,
      body: UserUpdate,
      responses: { 200: User },
      handle: async ({ project, params, body }) => ({ status: 200, body: await accounts.users.update(project, params.name, body) }),
    }),
    route({
      method: 'DELETE',
      path: '/users/{name}',
      tag: 'access',
      summary: 'Remove a user and revoke the log-ins',
      permission: 'user:write',
      params: ByName,
      responses: { 204: null },
      async handle({ project, params }) {
        await accounts.users.remove(project, params.name);
        return { status: 204 };
      },
    }),
  ];
}

function credentialRoutes({ credentials, recorder, clock }: AccessPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/devices/{id}/credentials',
      tag: 'devices',
      summary: 'List the credentials of a device; secrets are never shown again',
      permission: 'credential:read',
      params: ById,
      query: PageQuery,
      device: 'id',
      responses: { 200: pageOf(Credential) },
      handle: async ({ device, query }) => ({ status: 200, body: listed(await credentials.list(device.device.id), query, ({ id }) => id) }),
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/credentials',
      adds: true,
      tag: 'devices',
      summary: 'Give a device a credential; it is shown this once',
      permission: 'credential:write',
      params: ById,
      body: CredentialCreate,
      device: 'id',
      responses: { 201: CredentialCreated },
      async handle({ device, body: { validSeconds, ...wanted }, principal }) {
        const validMs = validSeconds === undefined ? {} : { validMs: validSeconds === null ? null : validSeconds * 1000 };
        const made = await credentials.create(device.device, { ...wanted, ...validMs });
        recorder.record(credentialCreated(device.device, made, actorOf(principal), clock()));
        return { status: 201, body: made };
      },
    }),
    route({
      method: 'DELETE',
      path: '/devices/{id}/credentials/{credentialId}',
      tag: 'devices',
      summary: 'Remove a credential; sessions that use it are cut',
      permission: 'credential:write',
      params: OfDevice,
      device: 'id',
      responses: { 204: null },
      async handle({ device, params, principal }) {
        await credentials.remove(device.device.id, params.credentialId);
        recorder.record(credentialRemoved(device.device, params.credentialId, actorOf(principal), clock()));
        return { status: 204 };
      },
    }),
  ];
}

/** A page of a list that is short enough to be read whole. */
function listed<Item>(items: readonly Item[], query: { readonly limit: number; readonly cursor?: string | undefined }, keyOf: (item: Item) => string) {
  const after = readCursor(query.cursor, ['string'])?.[0];
  const sorted = [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).filter((item) => after === undefined || keyOf(item) > after);
  return takePage(
    sorted,
    query.limit,
    (item) => [keyOf(item)],
    (item) => item,
  );
}
