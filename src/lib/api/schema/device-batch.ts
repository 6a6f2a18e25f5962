import { z } from 'zod';
import { ALIAS_KINDS, DEVICE_KINDS, DEVICE_STATES } from '../../domain/device.ts';
import { GROUP_RULE, isGroupPath } from '../../domain/ids.ts';
import { LABELS_MAX } from '../../fleet/device-change.ts';
import { PROVISION_ITEMS_MAX } from '../../fleet/provision.ts';
import { Cursor, Name, Text, Time } from './common.ts';

const BATCH_MODES = ['create', 'upsert', 'update'] as const;

const GROUPS_MAX = 64;
const GroupPathText = z.string().refine(isGroupPath, `must be ${GROUP_RULE}`);

const CredentialIdText = z.string().regex(/^[0-9a-z]{16,40}$/, 'must be 16 to 40 digits and small letters');

const Expiry = Time.nullable().optional().describe('null: until it is removed; absent, of a token: as access.device-token-days says');

/**
 * A token, password or key that is made where it is to be used: the hub gets what it keeps of it, and never the secret. So an answer that is lost on its way takes no
 * secret with it, and the same batch may be sent again.
 */
export const BatchCredential = z
  .discriminatedUnion('kind', [
    z
      .object({
        kind: z.literal('token'),
        id: CredentialIdText.optional().describe(
          'of the token msd_<id>_<secret>: 80 random bits or more. Absent: the hub makes a token, and shows it in the answer',
        ),
        secretHash: z
          .string()
          .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal')
          .optional()
          .describe('SHA-256, in hexadecimal, of the secret: 32 random bytes in base64url'),
        expiresAt: Expiry,
      })
      .strict()
      .refine(({ id, secretHash }) => (id === undefined) === (secretHash === undefined), 'id and secretHash belong together'),
    z
      .object({
        kind: z.literal('password'),
        id: CredentialIdText,
        passwordHash: z.string().max(300).describe('scrypt: $scrypt$ln=15,r=8,p=1$<salt>$<hash>, both in unpadded base64'),
        expiresAt: Expiry,
      })
      .strict(),
    z
      .object({
        kind: z.literal('certificate'),
        publicKey: z.string().max(4_000).optional().describe('PEM, SubjectPublicKeyInfo'),
        csr: z.string().max(16_000).optional().describe('PEM, a certificate signing request (PKCS #10) in place of publicKey'),
        ca: Name.optional().describe('the authority that signs; absent: the newest of the project'),
        expiresAt: Time.optional().describe('absent: as ca.certificate-days says'),
      })
      .strict()
      .refine(({ publicKey, csr }) => (publicKey === undefined) !== (csr === undefined), 'one of publicKey and csr must be given'),
    z
      .object({
        kind: z.literal('claim').describe('none yet: the device waits, and gets it when it claims itself'),
        expiresAt: Time.optional().describe('until when it waits; absent: until it is removed'),
      })
      .strict(),
  ])
  .meta({ id: 'BatchCredential' });

/** One device of a batch. Of one that exists, what is not given stays, and null clears. */
export const BatchDevice = z
  .object({
    id: Name.describe('mode update: an alias such as imei:490154203237518 will do'),
    name: Text(200).min(1).optional(),
    kind: z.enum(DEVICE_KINDS).optional().describe('absent: of a new one `device`'),
    type: Name.nullable().optional(),
    parent: Name.nullable().optional(),
    state: z.enum(DEVICE_STATES).optional(),
    labels: z
      .record(Name, Text(200).nullable())
      .refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`)
      .optional(),
    aliases: z.partialRecord(z.enum(ALIAS_KINDS), Text(100).min(1).nullable()).optional(),
    groups: z.array(GroupPathText).max(GROUPS_MAX).optional().describe('takes the place of the whole list'),
    credential: BatchCredential.nullable().optional().describe('for a device that is created; one that exists keeps what it has'),
  })
  .strict()
  .meta({ id: 'BatchDevice' });

export const DeviceBatch = z.object({
  mode: z.enum(BATCH_MODES).describe('create: refuses a device that exists. upsert: changes it. update: refuses one that does not exist'),
  check: z.boolean().default(false).describe('change nothing, and say what would become of each'),
  again: z
    .boolean()
    .default(false)
    .describe(
      'mode create: these were sent before and the answer was lost, so a device that exists and is as it says here counts as created. One with a credential of its own is known without it',
    ),
  reason: Text(500).optional().describe('why, for the journal of events'),
  createGroups: z.boolean().default(false).describe('make groups that are missing; otherwise a device that names one fails'),
  devices: z
    .array(z.unknown())
    .min(1)
    .max(PROVISION_ITEMS_MAX)
    .describe('each a BatchDevice. They are checked one by one: what is wrong with one is in its result, and the others are written in one transaction'),
});

export const BATCH_STATUSES = ['created', 'updated', 'unchanged', 'deleted', 'failed'] as const;

export const BatchResult = z
  .object({
    id: z.string().nullable().describe('null: it has none'),
    status: z.enum(BATCH_STATUSES),
    code: z.string().nullable().describe('why it failed, from the catalogue of errors'),
    reason: z.string().nullable(),
    hint: z.string().nullable(),
    warnings: z.array(z.string()).describe('what is odd and was taken all the same: an IMEI whose check digit does not fit'),
    difference: z
      .record(z.string(), z.object({ before: z.unknown(), after: z.unknown() }))
      .describe('what changes of a device that exists, by the names of selectors: label.site, imei'),
    credential: z
      .object({
        id: z.string().describe('of a certificate its fingerprint'),
        kind: z.enum(['token', 'password', 'certificate', 'claim']),
        username: z.string(),
        secret: z.string().nullable().describe('when the hub made it; shown this once'),
        expiresAt: Time.nullable(),
        certificate: z.string().nullable().describe('PEM; of another kind null'),
        caCertificate: z.string().nullable().describe('PEM, of the authority that signed it'),
      })
      .nullable()
      .describe('that the device got; null: none'),
  })
  .meta({ id: 'BatchResult' });

export const DeviceBatchAnswer = z
  .object({
    results: z.array(BatchResult).describe('in the order of the request'),
    counts: z.record(z.enum(BATCH_STATUSES), z.number().int()),
  })
  .meta({ id: 'DeviceBatchAnswer' });

export const DeviceBatchDelete = z.object({
  check: z.boolean().default(false).describe('delete nothing, and say what would become of each'),
  devices: z.array(z.string().min(1).max(200)).min(1).max(PROVISION_ITEMS_MAX).describe('ids, or aliases such as imei:490154203237518'),
});

export const DeviceSelect = z.object({
  selector: z.string().max(4_000).describe('`site=paris,type=meter`: all of them hold; `a|b`: one of them; `*`: any text; `name!=value`, `name`, `!name`'),
  limit: z.number().int().min(1).max(10_000).default(10_000),
  cursor: Cursor.optional(),
});
/** Only what those need who change or delete many. */
export const SelectedDevice = z.object({ id: z.string(), parent: z.string().nullable() });
export type SelectedDevice = z.infer<typeof SelectedDevice>;
export type DeviceSelect = z.input<typeof DeviceSelect>;

export type BatchMode = (typeof BATCH_MODES)[number];
export type BatchCredential = z.infer<typeof BatchCredential>;
export type BatchDevice = z.infer<typeof BatchDevice>;
export type BatchResult = z.infer<typeof BatchResult>;
export interface DeviceBatch {
  readonly mode: BatchMode;
  readonly check?: boolean;
  readonly again?: boolean;
  readonly createGroups?: boolean;
  readonly reason?: string;
  readonly devices: readonly BatchDevice[];
}
export type DeviceBatchAnswer = z.infer<typeof DeviceBatchAnswer>;
export type DeviceBatchDelete = z.input<typeof DeviceBatchDelete>;
