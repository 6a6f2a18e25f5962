import type { CompletionModel } from './model.ts';

export function zshScript({ bin, commands, words }: CompletionModel): string {
  const wordCases = [...words].map(
    ([path, choices]) => `    ${quote(path)}) choices=(${choices.map(({ word, summary }) => described(word, summary)).join(' ')}) ;;`,
  );
  const flagCases = commands.map(
    (command) =>
      `    ${quote(command.path)}) choices=(${command.flags.flatMap((flag) => flag.names.map((name) => described(name, flag.summary))).join(' ')}) ;;`,
  );
  const valueCases = commands.flatMap((command) => [
    ...(command.values.length > 0 ? [`    ${quote(command.path)}) choices=(${command.values.map(quote).join(' ')}) ;;`] : []),
    ...command.flags
      .filter((flag) => flag.takesValue)
      .map((flag) => `    ${flag.names.map((name) => quote(`${command.path} ${name}`)).join('|')}) choices=(${flag.values.map(quote).join(' ')}) ;;`),
  ]);
  return `#compdef ${bin}
# zsh completion of ${bin}. For this shell: source <(${bin} completion zsh)
# For every shell: ${bin} completion zsh > ~/.zfunc/_${bin}, with ~/.zfunc in $fpath
__${bin}_words() {
  case "$1" in
${wordCases.join('\n')}
    *) choices=() ;;
  esac
}
__${bin}_flags() {
  case "$1" in
${flagCases.join('\n')}
    *) choices=() ;;
  esac
}
__${bin}_values() {
  case "$1" in
${valueCases.join('\n')}
    *) choices=(); return 1 ;;
  esac
}
_${bin}() {
  local at='' word='' flag=''
  local -a choices
  local -i i
  for (( i = 2; i < CURRENT; i++ )); do
    word="\${words[i]}"
    __${bin}_words "$at"
    if (( \${choices[(I)\${(b)word}:*]} )); then
      at="\${at:+$at }$word"
    else
      break
    fi
  done
  if [[ "$PREFIX" == --*=* ]]; then
    flag="\${PREFIX%%=*}"
    compset -P '*='
  elif [[ "\${words[CURRENT-1]}" == -* ]]; then
    flag="\${words[CURRENT-1]}"
  fi
  if [[ -n "$flag" ]] && __${bin}_values "$at $flag"; then
    if (( $#choices )); then compadd -a choices; else _files; fi
    return
  fi
  if [[ "$PREFIX" == -* ]]; then
    __${bin}_flags "$at"
    _describe -o 'flag' choices
    return
  fi
  __${bin}_words "$at"
  if (( $#choices )); then
    _describe 'command' choices
  elif __${bin}_values "$at"; then
    compadd -a choices
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _${bin} ]]; then
  _${bin} "$@"
else
  compdef _${bin} ${bin}
fi
`;
}

function described(word: string, summary: string): string {
  return quote(`${word.replaceAll(':', '\\:')}:${summary}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
