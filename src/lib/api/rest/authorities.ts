import { z } from 'zod';
import type { KnownAuthority } from '../../certificates/authorities.ts';
import type { Certificates } from '../../certificates/create-certificates.ts';
import { toPem } from '../../certificates/pem.ts';
import type { ClaimId, ProjectId } from '../../domain/ids.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { authorityCreated, authorityProven, authorityRemoved, authorityUpdated, certificateRevoked, serialRevoked } from '../../events/certificate-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import { actorOf } from '../actor.ts';
import { caView, certificateView } from '../certificate-views.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { Ca, CaCreate, CaProof, CaUpdate, Certificate, SerialRevocation } from '../schema/certificates.ts';
import { PageQuery, pageOf } from '../schema/common.ts';

export interface AuthorityPorts {
  readonly certificates: Certificates;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
}

const ById = z.object({ id: z.string().max(200) });
const PEM_TYPE = 'application/x-pem-file';

export function authorityRoutes({ certificates, recorder, clock }: AuthorityPorts): Route[] {
  function known(project: ProjectId, id: string): KnownAuthority {
    const found = certificates.authorities.known(project, id);
    if (found === null) throw new MusterError('not_found', `there is no certificate authority ${id.slice(0, 128)} in this project`);
    return found;
  }
  const view = (project: ProjectId, id: string) => caView(known(project, id), certificates.lists.of(project, id), clock());

  return [
    route({
      method: 'GET',
      path: '/cas',
      tag: 'certificates',
      summary: 'List certificate authorities',
      permission: 'ca:read',
      query: PageQuery,
      responses: { 200: pageOf(Ca) },
      handle({ project, query }) {
        const after = readCursor(query.cursor, ['string'])?.[0];
        const all = certificates.authorities
          .list(project)
          .map(({ id }) => id)
          .filter((id) => after === undefined || id > after)
          .sort();
        return {
          status: 200,
          body: takePage(
            all,
            query.limit,
            (id) => [id],
            (id) => view(project, id),
          ),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/cas',
      adds: true,
      tag: 'certificates',
      summary: 'Make a certificate authority, or register one of somebody else',
      description:
        'Own: the hub makes the key and keeps it (encrypted when ca.passphrase is set). External: the hub gets its certificate alone. Unless `trusted` says that you answer for it, ' +
        'certificates of it are refused until somebody proves to hold its key: POST /cas/{id}/proof.',
      permission: 'ca:write',
      body: CaCreate,
      responses: { 201: Ca },
      async handle({ project, principal, body }) {
        const actor = actorOf(principal);
        const { authorities } = certificates;
        const made =
          body.kind === 'own'
            ? await authorities.init(project, { id: body.id, key: body.key, validMs: body.validSeconds * 1000, subject: body.subject ?? null }, actor)
            : await authorities.register(
                project,
                {
                  id: body.id,
                  pem: body.certificate,
                  identity: body.identity ?? null,
                  claim: (body.claim as ClaimId | undefined) ?? null,
                  trusted: body.trusted,
                },
                actor,
              );
        recorder.record(authorityCreated(made, actor, clock()));
        return { status: 201, body: view(project, made.id) };
      },
    }),
    route({
      method: 'GET',
      path: '/cas/{id}',
      tag: 'certificates',
      summary: 'Show a certificate authority',
      permission: 'ca:read',
      params: ById,
      responses: { 200: Ca },
      handle: ({ project, params }) => ({ status: 200, body: view(project, params.id) }),
    }),
    route({
      method: 'PATCH',
      path: '/cas/{id}',
      tag: 'certificates',
      summary: 'Change how an external authority names devices, or the claim of those it brings',
      permission: 'ca:write',
      params: ById,
      body: CaUpdate,
      responses: { 200: Ca },
      async handle({ project, principal, params, body }) {
        const before = certificates.authorities.get(project, params.id);
        const after = await certificates.authorities.change(project, params.id, {
          ...(body.identity !== undefined && { identity: body.identity }),
          ...(body.claim !== undefined && { claim: body.claim as ClaimId | null }),
        });
        recorder.record(authorityUpdated(before, after, actorOf(principal), clock()));
        return { status: 200, body: view(project, params.id) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/cas/{id}',
      tag: 'certificates',
      summary: 'Remove a certificate authority: its certificates count no more, and sessions of their devices are cut',
      permission: 'ca:write',
      params: ById,
      responses: { 204: null },
      async handle({ project, principal, params }) {
        const gone = certificates.authorities.get(project, params.id);
        await certificates.removeAuthority(project, params.id);
        recorder.record(authorityRemoved(gone, actorOf(principal), clock()));
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/cas/{id}/proof',
      tag: 'certificates',
      summary: 'Prove that one holds the key of an external authority, with a certificate of it that is made out to its proof code',
      permission: 'ca:write',
      params: ById,
      body: CaProof,
      responses: { 200: Ca },
      async handle({ project, principal, params, body }) {
        const proven = await certificates.authorities.prove(project, params.id, body.certificate);
        recorder.record(authorityProven(proven, actorOf(principal), clock()));
        return { status: 200, body: view(project, proven.id) };
      },
    }),
    route({
      method: 'GET',
      path: '/cas/{id}/crl',
      tag: 'certificates',
      summary: 'The revocation list of an own authority, in PEM, signed anew',
      permission: 'ca:read',
      params: ById,
      responses: { 200: z.string() },
      async handle({ project, params }) {
        return { status: 200, headers: { 'content-type': PEM_TYPE }, body: toPem('X509 CRL', await certificates.revocationList(project, params.id)) };
      },
    }),
    route({
      method: 'POST',
      path: '/cas/{id}/revocations',
      tag: 'certificates',
      summary: 'Revoke a certificate of an authority by its serial number, seen by the hub or not',
      permission: 'certificate:write',
      params: ById,
      body: SerialRevocation,
      responses: { 200: Certificate, 204: null },
      async handle({ project, principal, params, body }) {
        const record = await certificates.revokeSerial(project, params.id, body.serial, body.reason);
        if (record === null) {
          recorder.record(serialRevoked(known(project, params.id).authority, body.serial, body.reason, actorOf(principal), clock()));
          return { status: 204 };
        }
        recorder.record(certificateRevoked(record, actorOf(principal), clock()));
        return { status: 200, body: certificateView(record, clock()) };
      },
    }),
  ];
}
