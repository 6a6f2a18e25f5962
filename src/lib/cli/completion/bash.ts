import type { CompletionModel } from './model.ts';

/** For bash 3.2 and later; without the package bash-completion. */
export function bashScript({ bin, commands, words }: CompletionModel): string {
  const wordCases = [...words].map(([path, choices]) => `    ${quote(path)}) REPLY=${quote(choices.map((choice) => choice.word).join(' '))} ;;`);
  const flagCases = commands.map((command) => `    ${quote(command.path)}) REPLY=${quote(command.flags.flatMap((flag) => flag.names).join(' '))} ;;`);
  const valueCases = commands.flatMap((command) => [
    ...(command.values.length > 0 ? [`    ${quote(command.path)}) REPLY=${quote(command.values.join(' '))} ;;`] : []),
    ...command.flags
      .filter((flag) => flag.takesValue)
      .map((flag) => `    ${flag.names.map((name) => quote(`${command.path} ${name}`)).join(' | ')}) REPLY=${quote(flag.values.join(' '))} ;;`),
  ]);
  return `# bash completion of ${bin}. For this shell: source <(${bin} completion bash)
# For every shell: ${bin} completion bash > ~/.local/share/bash-completion/completions/${bin}
__${bin}_words() {
  case "$1" in
${wordCases.join('\n')}
    *) REPLY='' ;;
  esac
}
__${bin}_flags() {
  case "$1" in
${flagCases.join('\n')}
    *) REPLY='' ;;
  esac
}
__${bin}_values() {
  case "$1" in
${valueCases.join('\n')}
    *) REPLY=''; return 1 ;;
  esac
}
_${bin}() {
  local REPLY='' at='' flag='' word i
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    __${bin}_words "$at"
    case " $REPLY " in
      *" $word "*) at="\${at:+$at }$word" ;;
      *) break ;;
    esac
  done
  # bash takes --kind=gateway for three words.
  if [ "$cur" = '=' ]; then
    flag="$prev"
    cur=''
  elif [ "$prev" = '=' ] && [ "$COMP_CWORD" -ge 2 ]; then
    flag="\${COMP_WORDS[COMP_CWORD-2]}"
  else
    case "$prev" in -*) flag="$prev" ;; esac
  fi
  if [ -n "$flag" ] && __${bin}_values "$at $flag"; then
    COMPREPLY=($(compgen -W "$REPLY" -- "$cur"))
    return 0
  fi
  case "$cur" in
    -*) __${bin}_flags "$at" ;;
    *)
      __${bin}_words "$at"
      [ -n "$REPLY" ] || __${bin}_values "$at"
      ;;
  esac
  COMPREPLY=($(compgen -W "$REPLY" -- "$cur"))
  return 0
}
complete -o bashdefault -o default -F _${bin} ${bin}
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
