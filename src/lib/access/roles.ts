/** admin: everything in the project, people included. operator: the fleet. viewer: reads alone. */
export const ROLES = ['admin', 'operator', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** What can be asked for. Every route and every MQTT action names one of these. */
export const ACTIONS = [
  'project:read',
  'project:write',
  'user:read',
  'user:write',
  'token:read',
  'token:write',
  'type:read',
  'type:write',
  'device:read',
  'device:write',
  'credential:read',
  'credential:write',
  'point:read',
  'point:write',
  'sample:read',
  'sample:write',
  'reject:read',
  'rule:read',
  'rule:write',
  'alarm:read',
  'alarm:write',
  'event:read',
  'channel:read',
  'channel:write',
  'hub:read',
  'hub:write',
] as const;
export type Action = (typeof ACTIONS)[number];

const VIEWER: readonly Action[] = [
  'project:read',
  'type:read',
  'device:read',
  'point:read',
  'sample:read',
  'reject:read',
  'rule:read',
  'alarm:read',
  'event:read',
  'hub:read',
];
const OPERATOR: readonly Action[] = [
  ...VIEWER,
  'type:write',
  'device:write',
  'credential:read',
  'credential:write',
  'point:write',
  'sample:write',
  'rule:write',
  'alarm:write',
  'channel:read',
  'channel:write',
];

export const PERMISSIONS: Readonly<Record<Role, ReadonlySet<Action>>> = {
  viewer: new Set(VIEWER),
  operator: new Set(OPERATOR),
  admin: new Set(ACTIONS),
};
