import type { ProvisioningFigures } from './hub-figures.ts';
import type { LevelMetric } from './level-metric.ts';

/** Devices that register themselves and keep their credentials. */
export const PROVISIONING_METRICS: readonly LevelMetric<ProvisioningFigures>[] = [
  {
    name: 'muster_claim_requests_total',
    help: 'Devices that asked for their identity, by what became of it',
    label: 'outcome',
    read: ({ claims }) => Object.entries(claims),
  },
  { name: 'muster_credential_renewals_total', help: 'Tokens that devices renewed', read: ({ renewed }) => renewed },
  {
    name: 'muster_revocation_lists',
    help: 'Revocation lists of external authorities that are in force; outdated: the next one is overdue',
    label: 'state',
    read: ({ revocationLists }) => Object.entries(revocationLists),
  },
];
