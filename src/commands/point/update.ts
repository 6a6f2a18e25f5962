import { Args, Flags } from '@oclif/core';
import { numberFlag, retentionFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { POINT_COLUMNS } from '../../lib/cli/type-columns.ts';
import { POINT_KINDS } from '../../lib/domain/point.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

const CLEARABLE = ['unit', 'decimals', 'min', 'max', 'description', 'retention'] as const;

export default class PointUpdate extends HubCommand<typeof PointUpdate> {
  static override summary = 'Change what a point is';
  static override description = 'Values outside --min and --max are rejected from now on; what is stored stays.';
  static override args = {
    device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }),
    point: Args.string({ description: 'Path of the point, such as boiler/temperature', required: true }),
  };
  static override flags = {
    kind: Flags.option({ summary: 'Decides who may write it', options: POINT_KINDS })(),
    unit: Flags.string({ summary: 'Unit of its values', helpValue: '<unit>' }),
    decimals: Flags.integer({ summary: 'Digits after the decimal point when shown', min: 0, max: 15 }),
    min: numberFlag({ summary: 'Least value that is taken' }),
    max: numberFlag({ summary: 'Greatest value that is taken' }),
    description: Flags.string({ summary: 'What it is', helpValue: '<text>' }),
    retention: retentionFlag({ summary: 'How long its samples are kept, whatever its type and project say' }),
    clear: Flags.option({ summary: 'Takes away what was set; repeats', options: CLEARABLE, multiple: true, multipleNonGreedy: true })(),
  };
  static override examples = [
    '<%= config.bin %> point update boiler-7 boiler/temperature --unit °C --decimals 1',
    '<%= config.bin %> point update boiler-7 boiler/temperature --min=-40 --max 120',
    '<%= config.bin %> point update boiler-7 boiler/temperature --clear min --clear max',
    '<%= config.bin %> point update boiler-7 boiler/temperature --retention forever',
  ];

  async run(): Promise<void> {
    const { kind, unit, decimals, min, max, description, retention, clear } = this.flags;
    const change = {
      ...(kind === undefined ? {} : { kind }),
      ...(unit === undefined ? {} : { unit }),
      ...(decimals === undefined ? {} : { decimals }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(description === undefined ? {} : { description }),
      ...(retention === undefined ? {} : { retention }),
      ...Object.fromEntries((clear ?? []).map((name) => [name, null])),
    };
    if (Object.keys(change).length === 0)
      throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give one of the flags of `muster point update --help`.' });
    this.checkColumns(POINT_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.points.update(this.args.device, this.args.point, change), POINT_COLUMNS);
  }
}
