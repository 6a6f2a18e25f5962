import { Flags } from '@oclif/core';
import { dryRunFlag, filterFlag, yesFlag } from '../cli/flags.ts';

/** Of commands that change devices, one or many. */
export const bulkFlags = {
  selector: filterFlag({ char: 'l', summary: 'All devices that fit: conditions that hold all, such as site=paris,type=meter', helpValue: '<selector>' }),
  yes: yesFlag,
  'dry-run': dryRunFlag,
  chunk: Flags.integer({ summary: 'Devices in one transaction', helpValue: '<devices>', min: 1, max: 1000, default: 500 }),
};
