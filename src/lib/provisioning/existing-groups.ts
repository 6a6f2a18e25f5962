import type { ProvisioningVerdict } from './decide.ts';

/**
 * The verdict without the groups that are not there. Where they would have been, the device is held, with the reason: out of its group it would be watched by the wrong rules,
 * or by none. Pure. `why`: they were to be made, and this is what came of it.
 */
export function withExistingGroups(verdict: ProvisioningVerdict, exists: (path: string) => boolean, why: string | null): ProvisioningVerdict {
  const missing = verdict.groups.filter((group) => !exists(group));
  if (missing.length === 0) return verdict;
  const named = `there is no group ${missing.map((group) => JSON.stringify(group.slice(0, 200))).join(', ')}`;
  const reason = [verdict.decision === 'hold' ? verdict.reason : null, why === null ? named : `${named}: ${why}`].filter((text) => text !== null).join('; ');
  return { ...verdict, decision: 'hold', groups: verdict.groups.filter(exists), reason };
}
