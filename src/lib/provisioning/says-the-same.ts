import { isDeepStrictEqual } from 'node:util';
import type { Device } from '../domain/device.ts';
import type { ProvisionDevice } from '../fleet/provision.ts';

/** Is the device as these words would have made it? */
export function saysTheSame(device: Device, wanted: ProvisionDevice): boolean {
  return (
    device.name === (wanted.name ?? device.id) &&
    device.kind === (wanted.kind ?? 'device') &&
    device.type === (wanted.type ?? null) &&
    device.parent === (wanted.parent ?? null) &&
    device.state === (wanted.state ?? 'active') &&
    isDeepStrictEqual(device.labels, present(wanted.labels)) &&
    isDeepStrictEqual(device.aliases, present(wanted.aliases)) &&
    isDeepStrictEqual(device.groups, [...new Set(wanted.groups ?? [])].sort())
  );
}

function present(record: Readonly<Record<string, string | null | undefined>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(record ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}
