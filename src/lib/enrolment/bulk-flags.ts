import { Flags } from '@oclif/core';
import { dryRunFlag, selectorFlag, yesFlag } from '../cli/flags.ts';

/** Of commands that change devices, one or many. */
export const bulkFlags = {
  selector: selectorFlag('All devices that fit: conditions that hold all, such as site=paris,type=meter'),
  yes: yesFlag,
  'dry-run': dryRunFlag,
  chunk: Flags.integer({ summary: 'Devices in one transaction', helpValue: '<devices>', min: 1, max: 1000, default: 500 }),
};
