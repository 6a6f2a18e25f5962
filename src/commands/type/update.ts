import { Args, Flags } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { POINT_SPEC_HELP } from '../../lib/cli/point-spec.ts';
import { TYPE_COLUMNS } from '../../lib/cli/type-columns.ts';
import { changePoints, readTypeFile } from '../../lib/cli/type-definition.ts';
import { TYPE_MODES } from '../../lib/domain/device-type.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class TypeUpdate extends HubCommand<typeof TypeUpdate> {
  static override summary = 'Change a device type; its devices follow at once';
  static override description = `--point adds a point, or puts it in the place of that of the same path; the points of a --file replace all of them.

${POINT_SPEC_HELP}`;
  static override args = { type: Args.string({ description: 'Id of the type', required: true }) };
  static override flags = {
    mode: Flags.option({ summary: 'What happens with points that are not declared', options: TYPE_MODES })(),
    description: Flags.string({ summary: 'What it is', helpValue: '<text>' }),
    point: Flags.string({ summary: 'A point to add or replace; repeats', helpValue: '<point>', multiple: true, multipleNonGreedy: true }),
    'remove-point': Flags.string({ summary: 'Path of a point to remove; repeats', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
    file: Flags.string({ summary: 'YAML or JSON file; - for stdin', helpValue: '<file>' }),
  };
  static override examples = [
    '<%= config.bin %> type update boiler --mode open',
    '<%= config.bin %> type update boiler --point boiler/pressure:number:bar --remove-point boiler/on',
    '<%= config.bin %> type update boiler --file type.yaml',
  ];

  async run(): Promise<void> {
    const { mode, description, point, file } = this.flags;
    const { type } = this.args;
    const removed = this.flags['remove-point'];
    const base = file === undefined ? {} : await readTypeFile(file, this.signal);
    const { id, ...change } = {
      ...base,
      ...(mode === undefined ? {} : { mode }),
      ...(description === undefined ? {} : { description }),
    };
    if (id !== undefined && id !== type)
      throw new MusterError('usage', `The file is of the type ${id}, not of ${type}.`, { hint: 'A type keeps its id; make another with `type create`.' });
    const changesPoints = point !== undefined || removed !== undefined;
    if (Object.keys(change).length === 0 && !changesPoints) {
      throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give --mode, --description, --point, --remove-point or --file.' });
    }
    this.checkColumns(TYPE_COLUMNS);
    const hub = await this.writable();
    const points = changesPoints ? changePoints(change.points ?? (await hub.types.show(type)).points, point, removed) : change.points;
    await this.printOne(await hub.types.update(type, { ...change, ...(points === undefined ? {} : { points }) }), TYPE_COLUMNS);
  }
}
