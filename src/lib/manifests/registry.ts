import { MANIFEST_KINDS, type ManifestKindName } from '../domain/manifest.ts';
import { channelKind } from './kinds/channels.ts';
import { deviceKind } from './kinds/devices.ts';
import { groupKind } from './kinds/groups.ts';
import { provisioningKind } from './kinds/provisioning.ts';
import { routeKind } from './kinds/routes.ts';
import { ruleKind } from './kinds/rules.ts';
import { typeKind } from './kinds/types.ts';
import type { ManifestKind } from './manifest-kind.ts';

const BY_NAME: Readonly<Record<ManifestKindName, ManifestKind>> = {
  type: typeKind,
  group: groupKind,
  device: deviceKind,
  rule: ruleKind,
  provisioning: provisioningKind,
  channel: channelKind,
  route: routeKind,
};

/** In the order in which one needs another: made from the first on, deleted from the last on. */
export const KINDS: readonly ManifestKind[] = MANIFEST_KINDS.map((name) => BY_NAME[name]);

export function kindNamed(name: ManifestKindName): ManifestKind {
  return BY_NAME[name];
}

/** `group`, `groups`, `Group`: as people write it. */
export function findKind(text: string): ManifestKind | undefined {
  const word = text.toLowerCase();
  return KINDS.find(({ name, plural }) => word === name || word === plural);
}
