import type { Command } from '@oclif/core';
import { code, codeBlock, generatedPage, table } from './markdown.ts';

type Cached = Command.Cached;

/** docs/reference/commands/: a page for each topic and each command without one, by file name. */
export function commandPages(commands: Readonly<Record<string, Cached>>): Map<string, string> {
  const topics = new Map<string, Cached[]>();
  for (const id of Object.keys(commands).sort()) {
    const command = commands[id];
    if (command === undefined || command.hidden === true) continue;
    const topic = id.split(':', 1)[0] ?? id;
    topics.set(topic, [...(topics.get(topic) ?? []), command]);
  }
  const pages = new Map<string, string>();
  for (const [topic, members] of topics) pages.set(`${topic}.md`, generatedPage(`muster ${topic}`, 'the commands', ...members.map(section)));
  const index = [...topics].flatMap(([topic, members]) =>
    members.map((command) => [`[${code(`muster ${spaced(command.id)}`)}](${topic}.md#${anchor(command.id)})`, expand(command.summary ?? '', command.id)]),
  );
  const shared = new Map(
    [...topics.values()]
      .flat()
      .flatMap((command) => Object.values(command.flags).filter(isShared))
      .map((flag) => [flag.name, flag]),
  );
  const blocks = [
    table(['command', 'what it does'], index),
    '## Flags of many commands',
    'Every command that prints data takes those of the first group, every command that talks to a hub also those of the second; `muster COMMAND --help` lists them.',
    ...SHARED_GROUPS.map((group) => table(['flag', 'meaning', 'default'], [...shared.values()].filter((flag) => flag.helpGroup === group).map(flagRow))),
  ];
  pages.set('README.md', generatedPage('Commands', 'the commands', ...blocks));
  return pages;
}

const SHARED_GROUPS: readonly string[] = ['GLOBAL', 'HUB'];

function isShared(flag: Cached['flags'][string]): boolean {
  return flag.helpGroup !== undefined && SHARED_GROUPS.includes(flag.helpGroup);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) || text === '' ? text : `${text}.`;
}

function section(command: Cached): string {
  const id = spaced(command.id);
  const blocks = [`## muster ${id}`, expand(command.summary ?? '', command.id), codeBlock('', [usage(command)])];
  if (command.description !== undefined && command.description !== command.summary) blocks.push(expand(command.description, command.id));
  const parameters = Object.values(command.args).filter((argument) => argument.hidden !== true);
  if (parameters.length > 0) {
    const rows = parameters.map((argument) => [code(argument.name.toUpperCase()), argument.description ?? '', choices(argument.options)]);
    blocks.push(table(['argument', 'meaning', 'one of'], rows));
  }
  const flags = Object.values(command.flags).filter((flag) => flag.hidden !== true && !isShared(flag));
  if (flags.length > 0) blocks.push(table(['flag', 'meaning', 'default'], flags.map(flagRow)));
  const examples = (command.examples ?? []).map((example) => exampleLines(example, command.id));
  if (examples.length > 0) blocks.push('Examples:', codeBlock('sh', examples.flat()));
  return blocks.join('\n\n');
}

function usage(command: Cached): string {
  const parameters = Object.values(command.args)
    .filter((argument) => argument.hidden !== true)
    .map((argument) => (argument.required === true ? argument.name.toUpperCase() : `[${argument.name.toUpperCase()}]`));
  const more = command.strict === false ? ['...'] : [];
  return ['muster', spaced(command.id), ...parameters, ...more, '[FLAGS]'].join(' ');
}

function flagRow(flag: Cached['flags'][string]): string[] {
  const long = flag.type === 'boolean' && flag.allowNo === true ? `--[no-]${flag.name}` : `--${flag.name}`;
  const value = flag.type === 'option' ? ` ${flag.helpValue === undefined ? `<${flag.name}>` : String(flag.helpValue)}` : '';
  const name = `${flag.char === undefined ? '' : `-${flag.char}, `}${long}${value}`;
  const options = flag.type === 'option' ? choices(flag.options) : '';
  const facts = [sentence(flag.summary ?? flag.description ?? ''), flag.required === true ? 'Required.' : '', options === '' ? '' : `One of ${options}.`];
  const fallback = flag.default === undefined || flag.default === false ? '' : code(String(flag.default));
  return [code(name), facts.filter((fact) => fact !== '').join(' '), fallback];
}

function choices(options: readonly string[] | undefined): string {
  return (options ?? []).map(code).join(', ');
}

function exampleLines(example: Command.Example, id: string): string[] {
  if (typeof example === 'string') return [expand(example, id)];
  return [`# ${expand(example.description, id)}`, expand(example.command, id)];
}

/** The templates that oclif fills in for help. */
export function expand(text: string, id: string): string {
  return text.replaceAll(/<%=\s*config\.bin\s*%>/g, 'muster').replaceAll(/<%=\s*command\.id\s*%>/g, spaced(id));
}

function spaced(id: string): string {
  return id.replaceAll(':', ' ');
}

// As GitHub makes one of the heading `muster device list`.
function anchor(id: string): string {
  return `muster-${id.replaceAll(':', '-')}`;
}
