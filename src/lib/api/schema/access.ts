import { z } from 'zod';
import { ROLES } from '../../access/roles.ts';
import { Name, Text, Time } from './common.ts';

export const RoleName = z.enum(ROLES).meta({ id: 'Role' });

export const LoginRequest = z.object({ user: Text(200), password: Text(1000) });
/** A log-in is a token that expires. `secret` is shown this once. */
export const LoginResponse = z.object({
  token: z.string(),
  tokenId: z.string(),
  user: z.string(),
  role: RoleName,
  project: z.string(),
  expiresAt: Time,
});

export const Whoami = z
  .object({
    kind: z.enum(['user', 'token', 'device']),
    name: z.string(),
    role: RoleName.nullable(),
    project: z.string(),
    tokenId: z.string().nullable(),
    hub: z.object({
      version: z.string(),
      time: Time,
      startedAt: Time,
      mqttUrl: z.string().nullable().describe('where devices connect; null when MQTT is off'),
    }),
  })
  .meta({ id: 'Whoami' });

export const Token = z
  .object({
    id: z.string(),
    name: z.string(),
    role: RoleName,
    user: z.string().nullable(),
    createdAt: Time,
    expiresAt: Time.nullable(),
    revokedAt: Time.nullable(),
  })
  .meta({ id: 'Token' });
export const TokenCreate = z.object({
  name: Name,
  role: RoleName,
  expiresInSeconds: z
    .number()
    .int()
    .positive()
    .max(10 * 366 * 86_400)
    .optional(),
});
export const TokenCreated = Token.extend({ token: z.string().describe('shown this once') });

export const User = z
  .object({ id: z.string(), name: z.string(), role: RoleName, disabled: z.boolean(), createdAt: Time, updatedAt: Time })
  .meta({ id: 'User' });
export const UserCreate = z.object({
  name: Name,
  role: RoleName,
  password: z.string().min(10).max(1000).optional().describe('absent: the hub makes one and shows it once'),
});
export const UserCreated = User.extend({ password: z.string().optional().describe('only when the hub made it') });
export const UserUpdate = z.object({
  role: RoleName.optional(),
  disabled: z.boolean().optional(),
  password: z.string().min(10).max(1000).optional(),
});

export const Project = z.object({ id: z.string(), description: z.string().nullable(), createdAt: Time }).meta({ id: 'Project' });

export type LoginRequest = z.input<typeof LoginRequest>;
export type LoginResponse = z.infer<typeof LoginResponse>;
export type Whoami = z.infer<typeof Whoami>;
export type Token = z.infer<typeof Token>;
export type TokenCreate = z.input<typeof TokenCreate>;
export type TokenCreated = z.infer<typeof TokenCreated>;
export type User = z.infer<typeof User>;
export type UserCreate = z.input<typeof UserCreate>;
export type UserCreated = z.infer<typeof UserCreated>;
export type UserUpdate = z.input<typeof UserUpdate>;
export type Project = z.infer<typeof Project>;
