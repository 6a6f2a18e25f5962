/** The topics of the wire protocol (docs/extend/wire-protocol.md). */
export type DeviceTopicKind =
  | 'report'
  | 'alarm'
  | 'birth'
  | 'death'
  | 'set'
  | 'set/result'
  | 'call'
  | 'call/result'
  | 'config'
  | 'config/result'
  | 'renew'
  | 'renew/result'
  | 'time';

export function deviceTopic(device: string, kind: DeviceTopicKind): string {
  return `devices/${device}/${kind}`;
}

/** The device and what stands below it, or null for a topic of another kind. */
export function readDeviceTopic(topic: string): { readonly device: string; readonly kind: string } | null {
  const [, device, kind] = /^devices\/([^/]+)\/(.+)$/.exec(topic) ?? [];
  return device === undefined || kind === undefined ? null : { device, kind };
}

export const CLAIM_REQUEST = 'claim/request';
export const CLAIM_RESPONSE = 'claim/response';
