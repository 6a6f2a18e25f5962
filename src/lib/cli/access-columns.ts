import type { Token, User } from '../api/schema/access.ts';
import type { Credential } from '../api/schema/fleet.ts';
import { type Column, timeColumn } from './column.ts';

export const TOKEN_COLUMNS: readonly Column<Token>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'name', value: (row) => row.name },
  { name: 'role', value: (row) => row.role },
  { name: 'user', value: (row) => row.user, drop: 2 },
  timeColumn('created', (row) => row.createdAt, { drop: 1 }),
  timeColumn('expires', (row) => row.expiresAt, { drop: 3 }),
  timeColumn('revoked', (row) => row.revokedAt),
];

export const USER_COLUMNS: readonly Column<User>[] = [
  { name: 'name', value: (row) => row.name },
  { name: 'role', value: (row) => row.role },
  { name: 'disabled', value: (row) => row.disabled, text: (row) => (row.disabled ? 'yes' : 'no') },
  timeColumn('created', (row) => row.createdAt),
  timeColumn('updated', (row) => row.updatedAt, { wide: true }),
  { name: 'id', value: (row) => row.id, wide: true },
];

export const CREDENTIAL_COLUMNS: readonly Column<Credential>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'device', value: (row) => row.device },
  { name: 'kind', value: (row) => row.kind },
  timeColumn('created', (row) => row.createdAt),
  timeColumn('expires', (row) => row.expiresAt),
];
