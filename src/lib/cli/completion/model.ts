import type { Command, Config } from '@oclif/core';

export interface CompletionFlag {
  /** `--kind`, then `-k` when there is one. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly takesValue: boolean;
  /** The values that it can have; empty: any. */
  readonly values: readonly string[];
}

export interface CompletionCommand {
  /** `device list`. */
  readonly path: string;
  readonly flags: readonly CompletionFlag[];
  /** What its first argument can be; empty: anything. */
  readonly values: readonly string[];
}

export interface Choice {
  readonly word: string;
  readonly summary: string;
}

export interface CompletionModel {
  readonly bin: string;
  readonly commands: readonly CompletionCommand[];
  /** Which words may follow `''`, `device`, ... */
  readonly words: ReadonlyMap<string, readonly Choice[]>;
}

/** All that a shell completes, from the commands that oclif has loaded. */
export function completionModel(config: Pick<Config, 'bin' | 'commands' | 'topics'>): CompletionModel {
  const commands = config.commands.filter((command) => !command.hidden).sort((one, other) => (one.id < other.id ? -1 : 1));
  const topics = new Map(config.topics.map((topic) => [topic.name.replaceAll(':', ' '), firstLine(topic.description)]));
  const words = new Map<string, Map<string, string>>();
  for (const command of commands) {
    const levels = command.id.split(':');
    for (const [depth, word] of levels.entries()) {
      const parent = levels.slice(0, depth).join(' ');
      const siblings = words.get(parent) ?? new Map<string, string>();
      const last = depth === levels.length - 1;
      const summary = last ? firstLine(command.summary ?? command.description) : (siblings.get(word) ?? topics.get(levels.slice(0, depth + 1).join(' ')) ?? '');
      siblings.set(word, summary);
      words.set(parent, siblings);
    }
  }
  return {
    bin: config.bin,
    commands: commands.map(completionCommand),
    words: new Map([...words].map(([parent, choices]) => [parent, [...choices].map(([word, summary]) => ({ word, summary }))])),
  };
}

function completionCommand(command: Command.Cached): CompletionCommand {
  const [first] = Object.values(command.args).filter((arg) => !arg.hidden);
  const flags = Object.values(command.flags)
    .filter((flag) => !flag.hidden)
    .flatMap((flag): CompletionFlag[] => {
      const summary = firstLine(flag.summary ?? flag.description);
      const names = [`--${flag.name}`, ...(flag.char ? [`-${flag.char}`] : [])];
      if (flag.type === 'option') return [{ names, summary, takesValue: true, values: [...(flag.options ?? [])] }];
      const off = flag.allowNo ? [{ names: [`--no-${flag.name}`], summary, takesValue: false, values: [] }] : [];
      return [{ names, summary, takesValue: false, values: [] }, ...off];
    });
  const help = { names: ['--help'], summary: 'Show help', takesValue: false, values: [] };
  return { path: command.id.replaceAll(':', ' '), flags: [...flags, help], values: [...(first?.options ?? [])] };
}

function firstLine(text: string | undefined): string {
  return (
    (text ?? '')
      .split('\n')[0]
      ?.replaceAll(/<%.*?%>/g, '')
      .trim() ?? ''
  );
}
