import { z } from 'zod';
import { COMMAND_STATES } from '../../domain/command.ts';
import { PageQuery, Text, Time, Value } from './common.ts';

const Document = z.record(z.string(), Value);
const Version = z.number().int().min(1);

export const ConfigVersion = z
  .object({
    device: z.string(),
    version: Version.describe('counts from 1, for each device'),
    document: Document,
    actor: z.string().describe('who wants it: user:anna'),
    comment: z.string().nullable(),
    undoes: Version.nullable().describe('of a rollback: the version whose document it took up again'),
    createdAt: Time,
    command: z.string().describe('what carries it to the device, the last time it was sent'),
    state: z.enum(COMMAND_STATES).describe('as of a command; applied and rejected is what the device said'),
    reason: z.string().nullable().describe('why it was rejected, expired or cancelled'),
    settledAt: Time.nullable(),
  })
  .meta({ id: 'ConfigVersion' });

export const ConfigReport = z
  .object({
    version: Version.nullable().describe('null: it is none that the hub gave it'),
    document: Document.nullable().describe('null: it named a version that the hub does not have'),
    reportedAt: Time,
  })
  .meta({ id: 'ConfigReport' });

export const DeviceConfig = z
  .object({
    device: z.string(),
    wanted: ConfigVersion.nullable().describe('null: no configuration was ever wanted of it'),
    reported: ConfigReport.nullable().describe('what it says is in force; null: it never did'),
    inSync: z.boolean().describe('what is wanted is in force'),
  })
  .meta({ id: 'DeviceConfig' });

export const ConfigSet = z.object({
  document: Document,
  comment: Text(500).nullable().default(null).describe('why, for the history'),
  ifVersion: z.number().int().min(0).nullable().default(null).describe('only if this version is wanted now; 0: none is; null: whatever is'),
  expiryMs: z.number().int().min(1).nullable().default(null).describe('so long it waits for the device; null: as long as it may (control.expiry-max-ms)'),
});
export const ConfigRollback = z.object({
  to: Version.nullable().default(null).describe('null: the one that the device applied last before the wanted one'),
  ifVersion: Version.nullable().default(null),
});
export const ConfigReported = z.object({ version: Version.optional(), config: Document.optional() });
export const ConfigVersionsQuery = PageQuery;

export type ConfigVersion = z.infer<typeof ConfigVersion>;
export type DeviceConfig = z.infer<typeof DeviceConfig>;
export type ConfigSet = z.input<typeof ConfigSet>;
export type ConfigRollback = z.input<typeof ConfigRollback>;
