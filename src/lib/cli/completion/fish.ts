import type { CompletionFlag, CompletionModel } from './model.ts';

export function fishScript({ bin, commands, words }: CompletionModel): string {
  const paths = [...new Set([...words.keys(), ...commands.map((command) => command.path)])].filter((path) => path !== '');
  const wordLines = [...words].flatMap(([path, choices]) =>
    choices.map(({ word, summary }) => `complete -c ${bin} -n ${at(bin, path)} -a ${quote(word)} -d ${quote(summary)}`),
  );
  const commandLines = commands.flatMap((command) => [
    ...(command.values.length > 0 ? [`complete -c ${bin} -n ${at(bin, command.path)} -a ${quote(command.values.join(' '))}`] : []),
    ...command.flags.map((flag) => `complete -c ${bin} -n ${at(bin, command.path)} ${flagOptions(flag)}`),
  ]);
  return `# fish completion of ${bin}. For every shell: ${bin} completion fish > ~/.config/fish/completions/${bin}.fish
set -g __${bin}_paths ${paths.map(quote).join(' ')}
function __${bin}_at
    set -l at
    for word in (commandline -opc)[2..-1]
        if contains -- (string join ' ' -- $at $word) $__${bin}_paths
            set -a at $word
        else
            break
        end
    end
    test (string join ' ' -- $at | string collect --allow-empty) = "$argv[1]"
end
complete -c ${bin} -f
${[...wordLines, ...commandLines].join('\n')}
`;
}

function at(bin: string, path: string): string {
  return quote(`__${bin}_at "${path}"`);
}

function flagOptions(flag: CompletionFlag): string {
  const names = flag.names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const values = !flag.takesValue ? [] : flag.values.length > 0 ? ['-x', `-a ${quote(flag.values.join(' '))}`] : ['-r', '-F'];
  return [...names, ...values, `-d ${quote(flag.summary)}`].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
