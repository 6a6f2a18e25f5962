import { z } from 'zod';
import type { ChannelDefinition } from '../channels/channel.ts';
import { CHANNELS } from '../channels/registry.ts';
import { code, codeBlock, generatedPage, table } from './markdown.ts';

interface NameSchema {
  readonly description?: string;
  readonly default?: unknown;
}

/** docs/reference/channels.md */
export function channelsPage(): string {
  return generatedPage(
    'Kinds of channels',
    'src/lib/channels',
    'What `config` of a channel holds: `muster channel create ID --kind KIND --set name=value`. A secret is stored and never shown; give it with `--secret-file`. What is sent when, and how it is received: [notifications](../operate/notifications.md).',
    ...CHANNELS.flatMap(sectionOf),
  );
}

function sectionOf({ name, summary, schema, secrets, generate = {}, example }: ChannelDefinition): string[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    readonly properties?: Readonly<Record<string, NameSchema>>;
    readonly required?: readonly string[];
  };
  const rows = Object.entries(properties).map(([property, { description = '', default: otherwise }]) => [
    code(property),
    description,
    otherwise === undefined ? '' : code(JSON.stringify(otherwise)),
    [
      ...(Object.hasOwn(generate, property) ? ['made when it is not given'] : required.includes(property) ? ['required'] : []),
      ...(secrets.includes(property) ? ['secret'] : []),
    ].join(', '),
  ]);
  return [`## ${name}`, `${summary}.`, table(['name', 'meaning', 'default', ''], rows), codeBlock('json', JSON.stringify(example, null, 2).split('\n'))];
}
