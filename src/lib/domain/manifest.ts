/** What a fleet as code consists of, in the order in which one needs another. */
export const MANIFEST_KINDS = ['type', 'group', 'device', 'rule', 'provisioning', 'channel', 'route'] as const;
export type ManifestKindName = (typeof MANIFEST_KINDS)[number];
