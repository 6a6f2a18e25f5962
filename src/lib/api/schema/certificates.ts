import { z } from 'zod';
import { AUTHORITY_KINDS, AUTHORITY_STATES, CERTIFICATE_KINDS, KEY_KINDS, REVOCATION_REASONS } from '../../domain/certificate.ts';
import { Name, PageQuery, Text, Time } from './common.ts';

const PEM_CHARACTERS_MAX = 65_536;
const YEARS_MAX_SECONDS = 100 * 366 * 86_400;
const Pem = (what: string) => Text(PEM_CHARACTERS_MAX).describe(`${what}, in PEM`);
const ValidSeconds = z.number().int().positive().max(YEARS_MAX_SECONDS);
const Identity = Text(250).describe(
  'where the certificates of an external authority name their device: cn:, dns: or uri: and a pattern with one of {id}, {serial}, {imei}, {iccid}, {mac}',
);

const ListFacts = {
  state: z.enum(['current', 'outdated']).describe('outdated: the next one is overdue. It stays in force until one comes'),
  number: z.string().nullable().describe('CRL number, in decimal digits'),
  thisUpdate: Time.describe('when the authority made it'),
  nextUpdate: Time.nullable().describe('when the next one was to come; null: it does not say'),
  entries: z.number().int().describe('certificates that it names'),
  fingerprint: z.string().describe('SHA-256 of the list'),
  importedAt: Time,
  importedBy: z.string(),
};
const RevocationList = z.object(ListFacts).meta({ id: 'RevocationList' });
export const RevocationListImported = z
  .object({
    ca: z.string(),
    ...ListFacts,
    repeated: z.boolean().describe('it was in force already: nothing was changed'),
    certificates: z.number().int().describe('how many of those that it names the hub has seen'),
  })
  .meta({ id: 'RevocationListImported' });

export const Ca = z
  .object({
    id: z.string(),
    kind: z.enum(AUTHORITY_KINDS),
    state: z.enum(AUTHORITY_STATES),
    subject: z.string(),
    key: z.string().describe('of which kind its key is'),
    fingerprint: z.string().describe('SHA-256 of the certificate'),
    certificate: Pem('the certificate'),
    identity: z.string(),
    claim: z.string().nullable().describe('the claim with which devices come that are not known yet'),
    proof: z.string().nullable().describe('what a certificate of it must have as its common name, to prove that one holds its key'),
    validFrom: Time,
    validTo: Time,
    revocationList: RevocationList.nullable().describe('of an external one: the list of it that is in force; null: none was imported'),
    createdAt: Time,
    createdBy: z.string(),
  })
  .meta({ id: 'Ca' });

export const CaCreate = z.union([
  z.object({
    kind: z.literal('own'),
    id: Name,
    key: z.enum(KEY_KINDS).default('p256'),
    validSeconds: ValidSeconds.default(10 * 366 * 86_400),
    subject: Text(64).optional().describe('the common name'),
  }),
  z.object({
    kind: z.literal('external'),
    id: Name,
    certificate: Pem('the certificate of the authority'),
    identity: Identity.optional(),
    claim: Name.optional(),
    trusted: z.boolean().default(false).describe('do without the proof that one holds its key'),
  }),
]);
export const CaUpdate = z.object({ identity: Identity.optional(), claim: Name.nullable().optional() });
export const CaProof = z.object({ certificate: Pem('a certificate of the authority that is made out to the proof code') });

export const RevocationReason = z.enum(REVOCATION_REASONS);

export const Certificate = z
  .object({
    fingerprint: z.string().describe('SHA-256 of the certificate'),
    serial: z.string(),
    ca: z.string(),
    kind: z.enum(CERTIFICATE_KINDS),
    origin: z.enum(['issued', 'seen']).describe('issued: by the hub. seen: by an external authority, and shown by its device'),
    device: z.string().nullable(),
    claim: z.string().nullable(),
    name: z.string(),
    state: z.enum(['valid', 'expired', 'revoked']),
    validFrom: Time,
    validTo: Time,
    createdAt: Time,
    createdBy: z.string(),
    replaces: z
      .string()
      .nullable()
      .describe('the fingerprint of the one that ends when this one is used first; claim:<id>: its device claimed itself, and has not come with it yet'),
    revokedAt: Time.nullable(),
    listedAt: Time.nullable().describe('since when the revocation list of its authority names it; null: it does not'),
    revocationReason: RevocationReason.nullable(),
  })
  .meta({ id: 'Certificate' });

export const CertificateIssued = Certificate.extend({
  certificate: Pem('the certificate'),
  caCertificate: Pem('that of its authority'),
  renewAt: Time.describe('when it is time to renew it: after two thirds of its life'),
}).meta({ id: 'CertificateIssued' });

const RequestedKey = {
  csr: Pem('a certificate signing request').optional(),
  publicKey: Text(4_096).describe('in its place, the public key alone, in PEM').optional(),
  ca: Name.optional().describe('absent: the newest of the project'),
  validSeconds: ValidSeconds.optional(),
};
const ONE_KEY = { message: 'give csr or publicKey, one of them' };
const hasOneKey = ({ csr, publicKey }: { csr?: string | undefined; publicKey?: string | undefined }) => (csr === undefined) !== (publicKey === undefined);

export const DeviceCertificateRequest = z.object({ device: Text(200).describe('its id, or an alias such as imei:490154203237518'), ...RequestedKey });
export const CertificateCreate = z.union([
  DeviceCertificateRequest.extend({ claim: z.undefined().optional() }).refine(hasOneKey, ONE_KEY),
  z.object({ claim: Name.describe('for devices of this claim, which share it'), device: z.undefined().optional(), ...RequestedKey }).refine(hasOneKey, ONE_KEY),
]);
const CERTIFICATES_PER_BATCH_MAX = 500;
export const CertificateBatch = z.object({
  again: z
    .boolean()
    .default(false)
    .describe('these were sent before and the answer was lost: what a key of a device was given by then is superseded by what it gets now'),
  items: z.array(DeviceCertificateRequest.refine(hasOneKey, ONE_KEY)).min(1).max(CERTIFICATES_PER_BATCH_MAX),
});
export const CertificateBatchResult = z.object({
  items: z.array(
    z.union([
      z.object({ device: z.string(), ok: z.literal(true), certificate: CertificateIssued }),
      z.object({ device: z.string(), ok: z.literal(false), code: z.string(), reason: z.string() }),
    ]),
  ),
});
export const ServerCertificateCreate = z
  .object({ names: z.array(Text(253)).min(1).max(50).describe('host names and IP addresses'), ...RequestedKey })
  .refine(hasOneKey, ONE_KEY);
export const CertificateRenewal = z.object({
  csr: Pem('a certificate signing request'),
  replaces: Text(100)
    .optional()
    .describe('the fingerprint of the certificate that ends when the new one is used first; absent: the one that the device came with'),
});
export const CertificateQuery = PageQuery.extend({
  device: Text(200).optional(),
  ca: Name.optional(),
  kind: z.enum(CERTIFICATE_KINDS).optional(),
  state: z.enum(['valid', 'expired', 'revoked']).optional(),
  endsWithinSeconds: z.coerce.number().int().positive().max(YEARS_MAX_SECONDS).optional(),
});
export const CertificateRevocation = z.object({ reason: RevocationReason.default('unspecified') });
export const SerialRevocation = z.object({ serial: Text(100), reason: RevocationReason.default('unspecified') });

export type Ca = z.infer<typeof Ca>;
export type CaCreate = z.input<typeof CaCreate>;
export type CaUpdate = z.input<typeof CaUpdate>;
export type RevocationListImported = z.infer<typeof RevocationListImported>;
export type Certificate = z.infer<typeof Certificate>;
export type CertificateIssued = z.infer<typeof CertificateIssued>;
export type CertificateCreate = z.input<typeof CertificateCreate>;
export type DeviceCertificateRequest = z.input<typeof DeviceCertificateRequest>;
export type CertificateBatchResult = z.infer<typeof CertificateBatchResult>;
export type ServerCertificateCreate = z.input<typeof ServerCertificateCreate>;
export type CertificateRenewal = z.input<typeof CertificateRenewal>;
export type CertificateQuery = z.input<typeof CertificateQuery>;
export type RevocationReason = z.infer<typeof RevocationReason>;
