import { Args } from '@oclif/core';
import type { Column } from '../lib/cli/column.ts';
import { SHELLS, type Shell } from '../lib/cli/completion/shells.ts';
import { MusterCommand } from '../lib/cli/muster-command.ts';

const COLUMNS: readonly Column<{ readonly shell: string; readonly script: string }>[] = [
  { name: 'shell', value: (row) => row.shell },
  { name: 'script', value: (row) => row.script },
];

export default class Completion extends MusterCommand<typeof Completion> {
  static override summary = 'Print the script with which a shell completes commands, flags and values';
  static override description = 'The script knows the commands of this version and asks nothing of Muster when it runs: print it again after an update.';
  static override args = { shell: Args.string({ description: 'The shell', options: SHELLS, required: true }) };
  static override examples = [
    { description: 'For this bash:', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'For every zsh:', command: '<%= config.bin %> completion zsh > ~/.zfunc/_muster' },
    '<%= config.bin %> completion fish > ~/.config/fish/completions/muster.fish',
    '<%= config.bin %> completion powershell >> $PROFILE',
  ];

  async run(): Promise<void> {
    const { completionModel } = await import('../lib/cli/completion/model.ts');
    const { COMPLETION_SCRIPTS } = await import('../lib/cli/completion/scripts.ts');
    const shell = this.args.shell as Shell;
    const script = COMPLETION_SCRIPTS[shell](completionModel(this.config));
    // The script as it is, unless it is asked for as a value.
    if (this.output === 'table' && this.flags.columns === undefined && this.flags.sort === undefined) await this.write(script);
    else await this.printOne({ shell, script }, COLUMNS);
  }
}
