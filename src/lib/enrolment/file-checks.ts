import type { BatchDevice, BatchResult } from '../api/schema/device-batch.ts';
import type { ReadDevice } from './read-device.ts';

/** What only the file as a whole shows. */
export interface FileChecks {
  /** The same row, or a bad one: its id stood in the file before. */
  checked(read: ReadDevice): ReadDevice;
  /** A dry run creates no gateway that a later chunk could name: what is known to become one is left out of what is asked. */
  forDryRun(device: BatchDevice): BatchDevice;
  answered(device: BatchDevice | null, status: BatchResult['status']): void;
}

/** Ids that are told apart; some 100 bytes of memory each. Behind them, a repetition is what the hub makes of it. */
const IDS_MAX = 2_000_000;

export function createFileChecks(dryRun: boolean): FileChecks {
  const lines = new Map<string, number>();
  /** Of a dry run. */
  const gateways = new Set<string>();
  return {
    checked(read) {
      if (read.id === null || read.device === null) return read;
      const before = lines.get(read.id);
      if (before !== undefined) return { ...read, device: null, problem: `${read.id} stands in line ${before} already` };
      if (lines.size < IDS_MAX) lines.set(read.id, read.line);
      return read;
    },
    forDryRun(device) {
      if (typeof device.parent !== 'string' || !gateways.has(device.parent)) return device;
      const { parent: _, ...rest } = device;
      return rest;
    },
    answered(device, status) {
      if (dryRun && device !== null && device.kind === 'gateway' && status === 'created') gateways.add(device.id);
    },
  };
}
