import { z } from 'zod';
import { claimCreated, claimRevoked } from '../../events/claim-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import type { Directory } from '../../fleet/directory.ts';
import type { Claims } from '../../provisioning/claims.ts';
import type { Claiming } from '../../provisioning/create-claiming.ts';
import type { Renewal } from '../../provisioning/renewal.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { Claim, ClaimCreate, ClaimCreated, ClaimedDevice, ClaimQuery, ClaimRequest, Identity, RenewedToken } from '../schema/provisioning.ts';

export interface ClaimPorts {
  readonly claims: Claims;
  readonly claiming: Claiming;
  readonly renewal: Renewal;
  readonly directory: Directory;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
  readonly mqttUrl: () => string | null;
}

const ById = z.object({ id: z.string().max(200) });

export function claimRoutes(ports: ClaimPorts): Route[] {
  return [...ofOperators(ports), ...ofDevices(ports)];
}

function ofOperators({ claims, directory, recorder, clock }: ClaimPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/claims',
      tag: 'claims',
      summary: 'List claims; their secrets are never shown again',
      permission: 'claim:read',
      query: ClaimQuery,
      responses: { 200: pageOf(Claim) },
      async handle({ project, query }) {
        const after = readCursor(query.cursor, ['string'])?.[0] as string | undefined;
        const now = clock();
        const isLive = ({ revokedAt, expiresAt, devicesMax, used }: Claim) =>
          revokedAt === null && (expiresAt === null || expiresAt > now) && (devicesMax === null || used < devicesMax);
        const wanted = (claim: Claim) => query.live === undefined || isLive(claim) === (query.live === 'true');
        const rows = (await claims.list(project)).map(asView).filter((claim) => wanted(claim) && (after === undefined || claim.id > after));
        return {
          status: 200,
          body: takePage(
            rows,
            query.limit,
            ({ id }) => [id],
            (claim) => claim,
          ),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/claims',
      adds: true,
      tag: 'claims',
      summary: 'Make a claim token, with which devices register themselves; it is shown this once',
      permission: 'claim:write',
      body: ClaimCreate,
      responses: { 201: ClaimCreated },
      async handle({ project, principal, body: { expiresInSeconds, ...wanted } }) {
        const expiresAt = expiresInSeconds === undefined ? null : clock() + expiresInSeconds * 1000;
        const { claim, token } = await claims.create(project, { ...wanted, expiresAt }, actorOf(principal));
        recorder.record(claimCreated(claim, actorOf(principal), clock()));
        return { status: 201, body: { ...asView(claim), token } };
      },
    }),
    route({
      method: 'GET',
      path: '/claims/{id}',
      tag: 'claims',
      summary: 'Show a claim',
      permission: 'claim:read',
      params: ById,
      responses: { 200: Claim },
      handle: async ({ project, params }) => ({ status: 200, body: asView(await claims.get(project, params.id)) }),
    }),
    route({
      method: 'DELETE',
      path: '/claims/{id}',
      tag: 'claims',
      summary: 'Revoke a claim, at once and for good; devices that came with it stay',
      permission: 'claim:write',
      params: ById,
      responses: { 200: Claim },
      async handle({ project, params, principal }) {
        const before = await claims.get(project, params.id);
        const claim = await claims.revoke(project, params.id);
        if (before.revokedAt === null) recorder.record(claimRevoked(claim, actorOf(principal), clock()));
        return { status: 200, body: asView(claim) };
      },
    }),
    route({
      method: 'GET',
      path: '/claims/{id}/devices',
      tag: 'claims',
      summary: 'List the devices that came with a claim and are still there, by id',
      permission: 'claim:read',
      alsoNeeds: 'device:read',
      params: ById,
      query: PageQuery,
      responses: { 200: pageOf(ClaimedDevice) },
      async handle({ project, params, query }) {
        const after = (readCursor(query.cursor, ['string'])?.[0] as string | undefined) ?? null;
        const rows = await claims.devices(project, params.id, { after, limit: query.limit + 1 });
        const page = takePage(
          rows,
          query.limit,
          ({ device }) => [device],
          ({ device, claimedAt, address, rule }) => ({ device, state: directory.device(device)?.device.state ?? null, claimedAt, address, rule }),
        );
        return { status: 200, body: page };
      },
    }),
  ];
}

function ofDevices({ claiming, renewal, mqttUrl }: ClaimPorts): Route[] {
  return [
    route({
      method: 'POST',
      path: '/claim',
      adds: true,
      tag: 'claims',
      summary: 'Get an identity, as a device that comes with the token of a claim',
      description:
        'Send the token of the claim (`msc_...`) as bearer token. The answer has the own token of the device, which is shown this once. A device that sent a `proof` may ask again, ' +
        'until it has used that token: it gets the same identity with another one.',
      permission: 'claim:use',
      body: ClaimRequest,
      responses: { 201: Identity },
      async handle({ principal, body, address }) {
        const identity = await claiming.claim(principal, body, { protocol: 'http', address });
        return { status: 201, body: { ...identity, mqttUrl: mqttUrl() } };
      },
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/renew',
      adds: true,
      tag: 'devices',
      summary: 'Renew the token of a device, as the device itself',
      description:
        'The answer has a token that takes the place of the one in the request as soon as the device comes with it; until then, or until it expires, that one holds.',
      permission: 'credential:renew',
      params: ById,
      device: 'id',
      responses: { 201: RenewedToken },
      async handle({ principal, device }) {
        const { secret: token, id: credential, expiresAt } = await renewal.renew(principal, device.device);
        return { status: 201, body: { token, credential, expiresAt } };
      },
    }),
  ];
}

function asView({ addresses, allowed, ...claim }: Awaited<ReturnType<Claims['get']>>): Claim {
  return { ...claim, addresses: [...addresses], allowed: [...allowed] };
}
