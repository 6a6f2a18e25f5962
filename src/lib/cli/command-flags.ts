import { Flags } from '@oclif/core';
import { durationFlag } from './flags.ts';

export const WAIT_DEFAULT_MS = 30_000;

/** Of every command that asks devices for something. */
export const waitFlags = {
  wait: Flags.boolean({ summary: 'Wait until it is settled; the exit code says how: 0 applied, 1 rejected, 5 cancelled, 6 expired or not settled in time' }),
  for: durationFlag({ summary: 'Wait so long at most (default 30s)', dependsOn: ['wait'] }),
};

export const expiryFlag = durationFlag({ summary: 'So long it waits for the device and its answer (default: control.expiry-default-ms of the hub, a day)' });
