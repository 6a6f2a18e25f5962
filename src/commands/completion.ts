import { Args } from '@oclif/core';
import { SHELLS, type Shell } from '../lib/cli/completion/shells.ts';
import { MusterCommand } from '../lib/cli/muster-command.ts';

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
    await this.write(COMPLETION_SCRIPTS[this.args.shell as Shell](completionModel(this.config)));
  }
}
