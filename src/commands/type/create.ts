import { Args, Flags } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { POINT_SPEC_HELP } from '../../lib/cli/point-spec.ts';
import { TYPE_COLUMNS } from '../../lib/cli/type-columns.ts';
import { changePoints, readTypeFile } from '../../lib/cli/type-definition.ts';
import { TYPE_MODES } from '../../lib/domain/device-type.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class TypeCreate extends HubCommand<typeof TypeCreate> {
  static override summary = 'Make a device type: the points that its devices have';
  static override description = `A strict type rejects points that it does not declare; with an open one they appear on their first report.

${POINT_SPEC_HELP}

A file holds the same as YAML or JSON, with the keys id, mode, description and points; flags win over it. The output of \`type show --json\` is such a file.`;
  static override args = { type: Args.string({ description: 'Id of the type; without it, that of the file' }) };
  static override flags = {
    mode: Flags.option({ summary: 'What happens with points that are not declared (default strict)', options: TYPE_MODES })(),
    description: Flags.string({ summary: 'What it is', helpValue: '<text>' }),
    point: Flags.string({ summary: 'A point; repeats', helpValue: '<point>', multiple: true, multipleNonGreedy: true }),
    file: Flags.string({ summary: 'YAML or JSON file; - for stdin', helpValue: '<file>' }),
  };
  static override examples = [
    '<%= config.bin %> type create boiler --point "boiler/temperature:number:°C:min=0:max=120" --point boiler/on:boolean:kind=status',
    '<%= config.bin %> type create probe --mode open',
    '<%= config.bin %> type create --file type.yaml',
  ];

  async run(): Promise<void> {
    const { mode, description, point, file } = this.flags;
    const base = file === undefined ? {} : await readTypeFile(file, this.signal);
    const id = this.args.type ?? base.id;
    if (id === undefined) throw new MusterError('usage', 'The type has no id.', { hint: 'Give it as the argument, or in the file.' });
    const points = changePoints(base.points ?? [], point, undefined);
    this.checkColumns(TYPE_COLUMNS);
    const hub = await this.writable();
    const type = await hub.types.create({
      ...base,
      id,
      points,
      ...(mode === undefined ? {} : { mode }),
      ...(description === undefined ? {} : { description }),
    });
    await this.printOne(type, TYPE_COLUMNS);
  }
}
