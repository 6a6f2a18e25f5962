import type { AliasKind, DeviceKind } from './device.ts';
import type { ProjectId } from './ids.ts';
import type { JsonValue } from './value.ts';

/** accept: in service at once. hold: it waits for somebody to approve it. reject: it gets nothing. */
export const PROVISIONING_DECISIONS = ['accept', 'hold', 'reject'] as const;
export type ProvisioningDecision = (typeof PROVISIONING_DECISIONS)[number];

/**
 * What becomes of devices that come with a claim. The rules are asked in the order of their priority (the least first), then of their names; the first that holds decides.
 * `type`, `name`, `groups` and the values of `labels` may hold expressions, as `${attributes.site}`.
 */
export interface ProvisioningRule {
  readonly id: string;
  readonly project: ProjectId;
  readonly priority: number;
  readonly enabled: boolean;
  /** An expression over the request; null: it always holds. */
  readonly when: string | null;
  readonly decision: ProvisioningDecision;
  /** Of a rejection: what the device is told. */
  readonly reason: string | null;
  readonly kind: DeviceKind | null;
  readonly type: string | null;
  readonly name: string | null;
  readonly groups: readonly string[];
  /** Groups that are missing are made; otherwise a device that needs one is held. */
  readonly createGroups: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly description: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdBy: string;
}

/** What a device says of itself when it asks for an identity. Nothing of it is believed beyond its names: labels and attributes are for the rules to look at. */
export interface ClaimRequest {
  /** Absent: made of the first of its aliases, as `imei-490154203237518`. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly kind?: 'gateway' | 'device' | undefined;
  readonly type?: string | undefined;
  readonly aliases: Readonly<Partial<Record<AliasKind, string | undefined>>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly attributes: { readonly [name: string]: JsonValue };
  /** Random, made and kept by the device: with it it may ask again, should the answer be lost. */
  readonly proof?: string | undefined;
  /** A certificate signing request in PEM: the device gets a certificate in the place of a token. */
  readonly csr?: string | undefined;
}
