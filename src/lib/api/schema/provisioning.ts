import { z } from 'zod';
import { DEVICE_KINDS, DEVICE_STATES } from '../../domain/device.ts';
import { PROVISIONING_DECISIONS } from '../../domain/provisioning.ts';
import { LABELS_MAX } from '../../fleet/fleet.ts';
import { CLAIM_REQUEST } from '../../provisioning/claim-request.ts';
import { Name, PageQuery, Text, Time } from './common.ts';

export const Claim = z
  .object({
    id: z.string(),
    project: z.string(),
    kind: z.enum(['token', 'certificate']),
    devicesMax: z.number().int().nullable().describe('null: any number'),
    used: z.number().int().describe('devices that came with it, those on hold included'),
    expiresAt: Time.nullable(),
    addresses: z.array(z.string()).describe('networks that its devices may come from; empty: any'),
    type: z.string().nullable().describe('the type that its devices get; null: as the rules say'),
    allowed: z.array(z.string()).describe('patterns of ids and aliases that may come; empty: any'),
    description: z.string().nullable(),
    createdAt: Time,
    createdBy: z.string(),
    revokedAt: Time.nullable(),
  })
  .meta({ id: 'Claim' });

export const ClaimCreate = z.object({
  id: Name,
  devicesMax: z.number().int().min(1).max(10_000_000).nullable().default(null),
  expiresInSeconds: z
    .number()
    .int()
    .positive()
    .max(10 * 366 * 86_400)
    .optional()
    .describe('absent: until it is revoked'),
  addresses: z.array(Text(60)).max(100).default([]).describe('networks such as 10.1.0.0/16'),
  type: Name.nullable().default(null),
  allowed: z.array(Text(200).min(1)).max(1_000).default([]).describe('gw-* or id:gw-* for ids, imei:35* for aliases; one of them must fit'),
  description: Text(500).nullable().default(null),
});
export const ClaimCreated = Claim.extend({ token: z.string().describe('what its devices come with; shown this once') });

export const ClaimedDevice = z
  .object({
    device: z.string(),
    state: z.enum(DEVICE_STATES).nullable(),
    claimedAt: Time,
    address: z.string().nullable(),
    rule: z.string().nullable().describe('the provisioning rule that decided; null: none did'),
  })
  .meta({ id: 'ClaimedDevice' });

export const ClaimRequest = CLAIM_REQUEST.meta({ id: 'ClaimRequest' });
export const Identity = z
  .object({
    device: z.string(),
    state: z.enum(DEVICE_STATES).describe('new: it waits to be approved, and is refused until then'),
    reason: z.string().nullable().describe('why it waits'),
    token: z.string().nullable().describe('its own; shown this once. null: it has a certificate'),
    certificate: z.string().nullable().describe('PEM, for the csr in the request; null: it has a token'),
    caCertificate: z.string().nullable().describe('PEM, of the authority that signed it'),
    credential: z.string().describe('the id of the token, or certificate:<fingerprint>'),
    expiresAt: Time.nullable(),
    repeated: z.boolean().describe('it had this identity before'),
    time: Time.describe("the hub's clock"),
    mqttUrl: z.string().nullable().describe('where it connects; null: MQTT is off'),
  })
  .meta({ id: 'Identity' });
export const RenewedToken = z
  .object({
    token: z.string().describe('takes the place of the one in use as soon as the device comes with it'),
    credential: z.string(),
    expiresAt: Time.nullable(),
  })
  .meta({ id: 'RenewedToken' });

const template = 'may hold expressions, with a dollar sign and braces around them';
const RuleFields = z.object({
  priority: z.number().int().min(0).max(1_000_000).optional().describe('the least is asked first; 100 when absent'),
  enabled: z.boolean().optional(),
  when: Text(4_000).min(1).nullable().optional().describe('an expression over the request; null: it always holds'),
  decision: z.enum(PROVISIONING_DECISIONS).optional(),
  reason: Text(500).nullable().optional().describe('of what is held or rejected: what the device is told'),
  kind: z.enum(DEVICE_KINDS).nullable().optional(),
  type: Text(500).min(1).nullable().optional().describe(template),
  name: Text(500).min(1).nullable().optional().describe(template),
  groups: z.array(Text(500).min(1)).max(50).optional().describe(template),
  createGroups: z.boolean().optional().describe('make groups that are missing; otherwise a device that is to be in one is held'),
  labels: z
    .record(Name, Text(500))
    .refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`)
    .optional()
    .describe(template),
  description: Text(500).nullable().optional(),
});
export const ProvisioningRule = z
  .object({
    id: z.string(),
    project: z.string(),
    priority: z.number().int(),
    enabled: z.boolean(),
    when: z.string().nullable(),
    decision: z.enum(PROVISIONING_DECISIONS),
    reason: z.string().nullable(),
    kind: z.enum(DEVICE_KINDS).nullable(),
    type: z.string().nullable(),
    name: z.string().nullable(),
    groups: z.array(z.string()),
    createGroups: z.boolean(),
    labels: z.record(z.string(), z.string()),
    description: z.string().nullable(),
    createdAt: Time,
    updatedAt: Time,
    createdBy: z.string(),
  })
  .meta({ id: 'ProvisioningRule' });
export const ProvisioningRuleCreate = RuleFields.extend({ id: Name });
/** null clears; `groups` and `labels` take the place of what was there. */
export const ProvisioningRuleUpdate = RuleFields;

/** A request that is not made: what would become of it. */
export const ProvisioningTest = z.object({
  request: CLAIM_REQUEST,
  claim: Name.optional().describe('as if it came with this claim; absent: with one that limits nothing'),
  address: Text(60).optional(),
  protocol: z.enum(['http', 'mqtt', 'mqtts', 'mqtt-ws']).default('http'),
  rule: ProvisioningRuleCreate.optional().describe('as if this rule were there, in the place of its namesake'),
});
export const ProvisioningVerdict = z
  .object({
    device: z.string(),
    decision: z.enum(PROVISIONING_DECISIONS),
    rule: z.string().nullable(),
    reason: z.string().nullable(),
    kind: z.enum(DEVICE_KINDS),
    type: z.string().nullable(),
    name: z.string().nullable(),
    groups: z.array(z.string()),
    labels: z.record(z.string(), z.string()),
    problem: z.string().nullable().describe('why it would be refused all the same: the claim, a device of this id, a type that does not exist'),
    asked: z
      .array(z.object({ rule: z.string(), holds: z.boolean().nullable(), reason: z.string().nullable() }))
      .describe('the rules that were asked, in their order'),
  })
  .meta({ id: 'ProvisioningVerdict' });

/** Changes on the way into service; null clears. */
export const Approve = z.object({
  name: Text(200).optional(),
  type: Name.nullable().optional(),
  groups: z.array(Text(500)).max(100).optional(),
  labels: z.record(Name, Text(200).nullable()).optional(),
});
export const Approved = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string().nullable(),
  state: z.enum(DEVICE_STATES),
  groups: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
});
export const RejectDevice = z.object({
  block: z.boolean().default(false).describe('it stays, retired, so that nothing comes under its id again'),
  reason: Text(500).nullable().default(null),
});

export const ClaimQuery = PageQuery.extend({ live: z.enum(['true', 'false']).optional().describe('neither revoked nor expired nor full') });

export type Claim = z.infer<typeof Claim>;
export type ClaimCreate = z.input<typeof ClaimCreate>;
export type ClaimCreated = z.infer<typeof ClaimCreated>;
export type ClaimQuery = z.input<typeof ClaimQuery>;
export type ClaimedDevice = z.infer<typeof ClaimedDevice>;
export type ClaimRequest = z.input<typeof ClaimRequest>;
export type Identity = z.infer<typeof Identity>;
export type RenewedToken = z.infer<typeof RenewedToken>;
export type ProvisioningRule = z.infer<typeof ProvisioningRule>;
export type ProvisioningRuleCreate = z.input<typeof ProvisioningRuleCreate>;
export type ProvisioningRuleUpdate = z.input<typeof ProvisioningRuleUpdate>;
export type ProvisioningTest = z.input<typeof ProvisioningTest>;
export type ProvisioningVerdict = z.infer<typeof ProvisioningVerdict>;
export type Approve = z.input<typeof Approve>;
export type Approved = z.infer<typeof Approved>;
export type RejectDevice = z.input<typeof RejectDevice>;
