import { z } from 'zod';
import type { Certificates, IssueRequest } from '../../certificates/create-certificates.ts';
import type { RequestedKey } from '../../certificates/issue.ts';
import type { ClaimId, DeviceId, ProjectId } from '../../domain/ids.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { certificateIssued, certificateRevoked, certificatesIssued } from '../../events/certificate-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { Renewal } from '../../provisioning/renewal.ts';
import { actorOf } from '../actor.ts';
import { certificateView, issuedView } from '../certificate-views.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import {
  Certificate,
  CertificateBatch,
  CertificateBatchResult,
  CertificateCreate,
  CertificateIssued,
  CertificateQuery,
  CertificateRenewal,
  CertificateRevocation,
  type DeviceCertificateRequest,
  ServerCertificateCreate,
} from '../schema/certificates.ts';
import { pageOf } from '../schema/common.ts';

export interface CertificatePorts {
  readonly certificates: Certificates;
  readonly fleet: Pick<Fleet, 'device'>;
  readonly renewal: Renewal;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
}

const ByFingerprint = z.object({ fingerprint: z.string().max(200).describe('SHA-256 of the certificate, or its serial number') });
const ById = z.object({ id: z.string().max(200) });

export function certificateRoutes({ certificates, fleet, renewal, recorder, clock }: CertificatePorts): Route[] {
  const deviceRequest = (project: ProjectId, asked: DeviceCertificateRequest): IssueRequest => ({
    subject: { kind: 'device', device: fleet.device(project, asked.device).device },
    ...wishesOf(asked),
  });

  return [
    route({
      method: 'GET',
      path: '/certificates',
      tag: 'certificates',
      summary: 'List certificates: those that the hub issued, and those of external authorities that devices came with',
      permission: 'certificate:read',
      query: CertificateQuery,
      responses: { 200: pageOf(Certificate) },
      async handle({ project, query }) {
        const after = readCursor(query.cursor, ['string'])?.[0] as string | undefined;
        const now = clock();
        const device = query.device === undefined ? undefined : (fleet.device(project, query.device).device.id satisfies DeviceId);
        const { ca: authority, kind, state, endsWithinSeconds, limit } = query;
        const endsBefore = endsWithinSeconds === undefined ? undefined : now + endsWithinSeconds * 1000;
        const records = await certificates.list(project, { device, authority, kind, state, endsBefore }, after ?? null, limit + 1);
        const last = records[limit - 1];
        return {
          status: 200,
          body: {
            items: records.slice(0, limit).map((record) => certificateView(record, now)),
            cursor: records.length > limit && last !== undefined ? writeCursor([last.fingerprint]) : null,
          },
        };
      },
    }),
    route({
      method: 'POST',
      path: '/certificates',
      adds: true,
      tag: 'certificates',
      summary: 'Issue a certificate to a device, or to the devices of a claim',
      description:
        'For a certificate signing request (PKCS #10: RSA of 2048 bits and more, P-256, P-384, P-521, Ed25519), or for a public key. Who it is made out to is for the hub to say: a request with another common name ' +
        'than the id or an alias of the device is refused, and so is one for an authority; whatever else a request asks for is not taken over.',
      permission: 'certificate:write',
      body: CertificateCreate,
      responses: { 201: CertificateIssued },
      async handle({ project, principal, body }) {
        const actor = actorOf(principal);
        const request: IssueRequest =
          body.device === undefined
            ? { subject: { kind: 'claim', claim: body.claim as ClaimId }, ...wishesOf(body) }
            : deviceRequest(project, { ...body, device: body.device });
        const issued = await certificates.issue(project, request, actor);
        recorder.record(certificateIssued(issued.record, actor, clock()));
        return { status: 201, body: issuedView(issued, clock()) };
      },
    }),
    route({
      method: 'POST',
      path: '/certificates/batch',
      adds: true,
      tag: 'certificates',
      summary: 'Issue certificates to many devices',
      description: 'One transaction for all that can be issued; a bad one takes nothing with it. The results stand in the order of the items.',
      permission: 'certificate:write',
      body: CertificateBatch,
      responses: { 200: CertificateBatchResult },
      async handle({ project, principal, body }) {
        const actor = actorOf(principal);
        const prepared = body.items.map((asked) => orError(() => ({ ...deviceRequest(project, asked), again: body.again })));
        const good = prepared.filter((one): one is IssueRequest => !(one instanceof MusterError));
        const results = (await certificates.issueMany(project, good, actor))[Symbol.iterator]();
        const now = clock();
        let issued = 0;
        const items = prepared.map((one, index) => {
          const device = body.items[index]?.device ?? '';
          const result = one instanceof MusterError ? one : results.next().value;
          if (result === undefined || result instanceof MusterError)
            return { device, ok: false as const, code: result?.code ?? 'internal', reason: result?.message ?? 'there is no answer' };
          issued += 1;
          return { device, ok: true as const, certificate: issuedView(result, now) };
        });
        if (issued > 0) recorder.record(certificatesIssued(project, issued, actor, now));
        return { status: 200, body: { items } satisfies CertificateBatchResult };
      },
    }),
    route({
      method: 'POST',
      path: '/certificates/servers',
      adds: true,
      tag: 'certificates',
      summary: 'Issue a certificate to a server, such as the hub itself',
      description: 'Whoever trusts the authority takes its holder for that server: this needs the permission for authorities.',
      permission: 'ca:write',
      body: ServerCertificateCreate,
      responses: { 201: CertificateIssued },
      async handle({ project, principal, body }) {
        const actor = actorOf(principal);
        const issued = await certificates.issue(project, { subject: { kind: 'server', names: body.names }, ...wishesOf(body) }, actor);
        recorder.record(certificateIssued(issued.record, actor, clock()));
        return { status: 201, body: issuedView(issued, clock()) };
      },
    }),
    route({
      method: 'GET',
      path: '/certificates/{fingerprint}',
      tag: 'certificates',
      summary: 'Show a certificate',
      permission: 'certificate:read',
      params: ByFingerprint,
      responses: { 200: Certificate },
      handle: async ({ project, params }) => ({ status: 200, body: certificateView(await certificates.find(project, params.fingerprint), clock()) }),
    }),
    route({
      method: 'POST',
      path: '/certificates/{fingerprint}/revoke',
      tag: 'certificates',
      summary: 'Revoke a certificate, at once and for good: sessions of its device are cut',
      permission: 'certificate:write',
      params: ByFingerprint,
      body: CertificateRevocation,
      responses: { 200: Certificate },
      async handle({ project, principal, params, body }) {
        const record = await certificates.revoke(project, params.fingerprint, body.reason);
        recorder.record(certificateRevoked(record, actorOf(principal), clock()));
        return { status: 200, body: certificateView(record, clock()) };
      },
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/certificate/renew',
      adds: true,
      tag: 'devices',
      summary: 'A device gets itself another certificate before its own ends',
      description:
        'The old one counts until the new one is used first. Asked again before that, because the answer was lost for example, the device gets another, and the one before counts no more. ' +
        'Over MQTT: the same object to `devices/<device>/renew`.',
      permission: 'credential:renew',
      params: ById,
      body: CertificateRenewal,
      device: 'id',
      responses: { 201: CertificateIssued },
      async handle({ device, principal, body }) {
        return { status: 201, body: issuedView(await renewal.renewCertificate(principal, device.device, body), clock()) };
      },
    }),
  ];
}

interface Wishes {
  readonly csr?: string | undefined;
  readonly publicKey?: string | undefined;
  readonly ca?: string | undefined;
  readonly validSeconds?: number | undefined;
}

function wishesOf({ csr, publicKey, ca, validSeconds }: Wishes): Omit<IssueRequest, 'subject'> {
  const key: RequestedKey = csr === undefined ? { publicKey: publicKey ?? '' } : { csr };
  return { key, authority: ca ?? null, validMs: validSeconds === undefined ? null : validSeconds * 1000 };
}

function orError(make: () => IssueRequest): IssueRequest | MusterError {
  try {
    return make();
  } catch (error: unknown) {
    if (error instanceof MusterError) return error;
    throw error;
  }
}
