import { z } from 'zod';
import type { SettingDefinition } from './settings.ts';

/** What a setting takes, read from its schema: for flags, conversion from text, messages and the reference. */
export interface SettingShape {
  readonly type: 'boolean' | 'integer' | 'text' | 'choice' | 'list' | 'time';
  /** `null` turns it off. */
  readonly nullable: boolean;
  readonly choices: readonly string[];
  readonly minimum: number | null;
  readonly maximum: number | null;
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
}

export function shapeOf(definition: SettingDefinition): SettingShape {
  const whole = z.toJSONSchema(definition.schema) as JsonSchema;
  const branches = whole.anyOf ?? [whole];
  const main = branches.find((branch) => branch.type !== 'null') ?? whole;
  return {
    type: typeOf(main),
    nullable: branches.some((branch) => branch.type === 'null'),
    choices: main.enum ?? [],
    minimum: main.minimum ?? null,
    // zod states the largest safe integer where no limit was set: that says nothing to a person.
    maximum: main.maximum === undefined || main.maximum === Number.MAX_SAFE_INTEGER ? null : main.maximum,
  };
}

function typeOf(schema: JsonSchema): SettingShape['type'] {
  if (schema.enum !== undefined) return 'choice';
  if (schema.type === 'boolean') return 'boolean';
  if (schema.type === 'integer' || schema.type === 'number') return 'integer';
  if (schema.type === 'array') return 'list';
  return schema.format === 'date-time' ? 'time' : 'text';
}

/** "a whole number from 0 to 65535, or null" */
export function describeShape(shape: SettingShape): string {
  const main = describeMain(shape);
  return shape.nullable ? `${main}, or null` : main;
}

function describeMain(shape: SettingShape): string {
  switch (shape.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${describeRange(shape)}`;
    case 'choice':
      return `one of ${shape.choices.join(', ')}`;
    case 'list':
      return 'a list of texts';
    case 'time':
      return 'a time in UTC such as 2000-01-01T00:00:00Z';
    case 'text':
      return 'a text that is not empty';
  }
}

function describeRange({ minimum, maximum }: SettingShape): string {
  if (minimum !== null && maximum !== null) return ` from ${minimum} to ${maximum}`;
  if (minimum !== null) return ` of at least ${minimum}`;
  return maximum === null ? '' : ` of at most ${maximum}`;
}

/**
 * The value that a text from a flag or the environment stands for. A text that does not fit is given back as it is, for the
 * schema to refuse.
 */
export function fromText(text: string, shape: SettingShape): unknown {
  const word = text.trim().toLowerCase();
  if (shape.nullable && (word === 'null' || (word === 'off' && shape.type === 'integer'))) return null;
  switch (shape.type) {
    case 'boolean':
      if (['true', 'yes', 'on', '1'].includes(word)) return true;
      return ['false', 'no', 'off', '0'].includes(word) ? false : text;
    case 'integer':
      return /^[+-]?\d{1,15}$/.test(word) ? Number(word) : text;
    case 'list':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    default:
      return text;
  }
}
