import type {
  Ca,
  CaCreate,
  CaUpdate,
  Certificate,
  CertificateBatchResult,
  CertificateCreate,
  CertificateIssued,
  CertificateQuery,
  CertificateRenewal,
  DeviceCertificateRequest,
  RevocationListImported,
  RevocationReason,
  ServerCertificateCreate,
} from '../../api/schema/certificates.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface CertificateResources {
  readonly cas: {
    list(options?: ListOptions): AsyncGenerator<Ca>;
    create(ca: CaCreate): Promise<Ca>;
    show(id: string): Promise<Ca>;
    update(id: string, change: CaUpdate): Promise<Ca>;
    /** With a certificate of it in PEM. */
    prove(id: string, certificate: string): Promise<Ca>;
    remove(id: string): Promise<void>;
    /** PEM */
    revocationList(id: string): Promise<string>;
    /** A list of an external authority, in PEM or DER. */
    importRevocationList(id: string, list: Uint8Array): Promise<RevocationListImported>;
    /** Undefined: the hub has not seen that certificate yet. */
    revokeSerial(id: string, serial: string, reason: RevocationReason): Promise<Certificate | undefined>;
  };
  readonly certificates: {
    list(filters?: Filters<CertificateQuery>, options?: ListOptions): AsyncGenerator<Certificate>;
    show(fingerprint: string): Promise<Certificate>;
    issue(request: CertificateCreate): Promise<CertificateIssued>;
    /** `again`: they were sent before, and nobody knows what became of them. */
    issueMany(items: readonly DeviceCertificateRequest[], again?: boolean): Promise<CertificateBatchResult>;
    issueServer(request: ServerCertificateCreate): Promise<CertificateIssued>;
    renew(device: string, request: CertificateRenewal): Promise<CertificateIssued>;
    revoke(fingerprint: string, reason: RevocationReason): Promise<Certificate>;
  };
}

export function certificateResources(connection: Connection): CertificateResources {
  return {
    cas: {
      list: (list) => connection.pages('/cas', {}, list),
      create: (body) => connection.request('POST', '/cas', { body }),
      show: (id) => connection.request('GET', pathOf('cas', id)),
      update: (id, body) => connection.request('PATCH', pathOf('cas', id), { body }),
      prove: (id, certificate) => connection.request('POST', `${pathOf('cas', id)}/proof`, { body: { certificate } }),
      remove: (id) => connection.request('DELETE', pathOf('cas', id)),
      async revocationList(id) {
        const { body } = await connection.stream('GET', `${pathOf('cas', id)}/crl`);
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(Buffer.from(chunk));
        return Buffer.concat(chunks).toString('utf8');
      },
      importRevocationList: (id, body) => connection.request('PUT', `${pathOf('cas', id)}/crl`, { body, headers: { 'content-type': 'application/pkix-crl' } }),
      revokeSerial: (id, serial, reason) => connection.request('POST', `${pathOf('cas', id)}/revocations`, { body: { serial, reason } }),
    },
    certificates: {
      list: (filters, list) => connection.pages('/certificates', filters, list),
      show: (fingerprint) => connection.request('GET', pathOf('certificates', fingerprint)),
      issue: (body) => connection.request('POST', '/certificates', { body }),
      issueMany: (items, again = false) => connection.request('POST', '/certificates/batch', { body: { items, again } }),
      issueServer: (body) => connection.request('POST', '/certificates/servers', { body }),
      renew: (device, body) => connection.request('POST', `${pathOf('devices', device)}/certificate/renew`, { body }),
      revoke: (fingerprint, reason) => connection.request('POST', `${pathOf('certificates', fingerprint)}/revoke`, { body: { reason } }),
    },
  };
}
