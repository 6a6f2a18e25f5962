import { Flags } from '@oclif/core';
import type { EventStreamQuery } from '../api/schema/events.ts';
import { filterFlag } from '../cli/flags.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Each narrows; several of one widen. */
export const eventFilterFlags = {
  kind: filterFlag({
    summary: 'Only this kind, such as alarm.raised; * stands for any text: alarm.*',
    helpValue: '<kind>',
    multiple: true,
    multipleNonGreedy: true,
  }),
  severity: filterFlag({
    summary: 'Only of this severity; major+ is major and worse',
    helpValue: '<severity>',
    multiple: true,
    multipleNonGreedy: true,
  }),
  device: filterFlag({ summary: 'Only of this device, by id or alias', helpValue: '<device>', multiple: true, multipleNonGreedy: true }),
  rule: filterFlag({ summary: 'Only of this alarm rule', helpValue: '<rule>', multiple: true, multipleNonGreedy: true }),
  alarm: Flags.string({ summary: 'Only of this alarm, by its id', helpValue: '<id>' }),
};

interface EventFlags {
  readonly kind?: string[] | undefined;
  readonly severity?: string[] | undefined;
  readonly device?: string[] | undefined;
  readonly rule?: string[] | undefined;
  readonly alarm?: string | undefined;
}

/** What these flags ask the hub for. */
export function eventFilterOf({ kind, severity, device, rule, alarm }: EventFlags): EventStreamQuery {
  return {
    ...(kind !== undefined && { kind }),
    ...(severity !== undefined && { severity }),
    ...(device !== undefined && { device }),
    ...(rule !== undefined && { rule }),
    ...(alarm !== undefined && { alarm }),
  };
}

/** Devices that are neither there nor in the journal: a filter on a typing error waits, or finds nothing, and nobody is told. */
export async function unknownDevices(hub: HubClient, devices: readonly string[] | undefined): Promise<readonly string[]> {
  const unknown: string[] = [];
  for (const device of devices ?? []) {
    try {
      await hub.devices.show(device);
    } catch (error: unknown) {
      if (!(error instanceof MusterError) || error.code !== 'not_found') throw error;
      unknown.push(device);
    }
  }
  return unknown;
}
