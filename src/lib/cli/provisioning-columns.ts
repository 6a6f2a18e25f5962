import type { Claim, ClaimedDevice, ProvisioningRule, ProvisioningVerdict } from '../api/schema/provisioning.ts';
import { type Column, pairsColumn, timeColumn } from './column.ts';

export const CLAIM_COLUMNS: readonly Column<Claim>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'state', value: stateOf },
  { name: 'used', value: (row) => row.used, right: true },
  { name: 'devices-max', value: (row) => row.devicesMax, right: true, drop: 5 },
  timeColumn('expires', (row) => row.expiresAt, { drop: 6 }),
  { name: 'type', value: (row) => row.type, drop: 4 },
  { name: 'allowed', value: (row) => row.allowed, text: (row) => row.allowed.join(' '), drop: 2 },
  { name: 'addresses', value: (row) => row.addresses, text: (row) => row.addresses.join(' '), drop: 3 },
  { name: 'description', value: (row) => row.description, drop: 1 },
  { name: 'kind', value: (row) => row.kind, wide: true },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  { name: 'created-by', value: (row) => row.createdBy, wide: true },
  timeColumn('revoked', (row) => row.revokedAt, { wide: true }),
];

/** As the clock of this machine has it: what the hub thinks shows when a device comes. */
function stateOf({ revokedAt, expiresAt, devicesMax, used }: Claim): 'live' | 'revoked' | 'expired' | 'full' {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt !== null && expiresAt <= Date.now()) return 'expired';
  return devicesMax !== null && used >= devicesMax ? 'full' : 'live';
}

export const CLAIMED_DEVICE_COLUMNS: readonly Column<ClaimedDevice>[] = [
  { name: 'device', value: (row) => row.device },
  { name: 'state', value: (row) => row.state },
  timeColumn('claimed', (row) => row.claimedAt),
  { name: 'address', value: (row) => row.address, drop: 1 },
  { name: 'rule', value: (row) => row.rule, drop: 2 },
];

export const PROVISIONING_RULE_COLUMNS: readonly Column<ProvisioningRule>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'priority', value: (row) => row.priority, right: true },
  { name: 'enabled', value: (row) => row.enabled, text: (row) => (row.enabled ? 'yes' : 'no'), drop: 5 },
  { name: 'decision', value: (row) => row.decision, keep: true },
  { name: 'when', value: (row) => row.when, wrap: true },
  { name: 'type', value: (row) => row.type, drop: 4 },
  { name: 'groups', value: (row) => row.groups, text: (row) => row.groups.join(' '), drop: 3 },
  pairsColumn('labels', (row) => row.labels, { drop: 2 }),
  { name: 'create-groups', value: (row) => row.createGroups, text: (row) => (row.createGroups ? 'yes' : 'no'), wide: true },
  { name: 'kind', value: (row) => row.kind, wide: true },
  { name: 'name', value: (row) => row.name, wide: true },
  { name: 'reason', value: (row) => row.reason, wide: true },
  { name: 'description', value: (row) => row.description, drop: 1 },
  timeColumn('created', (row) => row.createdAt, { wide: true }),
  timeColumn('updated', (row) => row.updatedAt, { wide: true }),
  { name: 'created-by', value: (row) => row.createdBy, wide: true },
];

export const VERDICT_COLUMNS: readonly Column<ProvisioningVerdict>[] = [
  { name: 'device', value: (row) => row.device },
  { name: 'decision', value: (row) => row.decision, keep: true },
  { name: 'rule', value: (row) => row.rule },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'kind', value: (row) => row.kind },
  { name: 'type', value: (row) => row.type },
  { name: 'name', value: (row) => row.name },
  { name: 'groups', value: (row) => row.groups, text: (row) => row.groups.join(' ') },
  pairsColumn('labels', (row) => row.labels),
  { name: 'problem', value: (row) => row.problem, wrap: true },
  {
    name: 'asked',
    value: (row) => row.asked,
    text: (row) => row.asked.map(({ rule, holds }) => `${rule}: ${holds === null ? 'could not decide' : holds ? 'holds' : 'does not hold'}`).join(', '),
    wrap: true,
  },
];
