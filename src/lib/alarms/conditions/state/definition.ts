import { z } from 'zod';
import type { Level } from '../../../domain/severity.ts';
import type { ConditionKind } from '../condition.ts';
import { durationMs, findingOf, LEVELS_MAX, levelName, levelsOf, refuse, type SpecProblem } from '../spec.ts';
import { createState } from './state.ts';
import { changed, isIn, isNotIn, masked, type StateTest } from './tests.ts';

const VALUES_MAX = 100;
const values = z
  .array(z.union([z.string().max(1000), z.number(), z.boolean()], 'is neither a text, nor a number, nor true or false'))
  .min(1)
  .max(VALUES_MAX);
const wholeNumber = z.int().min(0);

const test = {
  in: values.optional().describe('The value is one of these.'),
  notIn: values.optional().describe('The value is none of these.'),
  changed: z.literal(true).optional().describe('The value differs from the one before; the level then holds `for` so long.'),
  for: durationMs.optional(),
  mask: wholeNumber.min(1).optional().describe('Bits of a whole number: one of them is set, or they are as `is` says.'),
  is: wholeNumber.optional(),
};
const level = z.strictObject({ level: levelName, ...test });
const schema = z.strictObject({
  level: levelName.optional(),
  ...test,
  levels: z.array(level).min(1).max(LEVELS_MAX).optional().describe('Several tests, each with its level; the worst that holds counts.'),
});

type Test = Omit<z.output<typeof level>, 'level'>;

export const stateDefinition: ConditionKind<z.output<typeof schema>> = {
  name: 'state',
  summary: 'The value of a point is in a set or not in it, changes, or has certain bits.',
  schema,
  example: {
    levels: [
      { level: 'critical', in: ['fault', 'trip'] },
      { level: 'warning', notIn: ['run', 'idle', 'fault', 'trip'] },
    ],
  },
  compile({ levels: several, level: one, ...single }, context) {
    if ((several === undefined) === (one === undefined)) refuse([{ path: '', message: 'needs either one `level` with its test, or `levels`' }]);
    const problems: SpecProblem[] = [];
    if (several !== undefined)
      problems.push(...Object.keys(single).map((name) => ({ path: name, message: 'stands beside `levels`: put it into one of them' })));
    const given = several ?? (one === undefined ? [] : [{ level: one, ...single }]);
    const at = (index: number): string => (several === undefined ? '' : `levels.${index}`);
    problems.push(...given.flatMap((each, index) => findTestProblems(each, at(index))));
    if (problems.length > 0) refuse(problems);
    const levels = levelsOf(
      given.map((each) => each.level),
      context,
      (index) => (several === undefined ? 'level' : `levels.${index}.level`),
    );
    return {
      kind: 'state',
      subject: 'point',
      points: [],
      levels,
      history: { samples: 1, durationMs: Number.POSITIVE_INFINITY },
      start: () => createState(given.map((each) => compileTest(each, levels)).sort((a, b) => b.finding - a.finding)),
    };
  },
};

function findTestProblems({ in: among, notIn, changed: change, for: hold, mask, is }: Test, at: string): readonly SpecProblem[] {
  const path = (name: string): string => (at === '' ? name : `${at}.${name}`);
  const kinds = [among, notIn, change, mask].filter((each) => each !== undefined).length;
  if (kinds !== 1) return [{ path: at, message: 'needs exactly one of `in`, `notIn`, `changed` and `mask`' }];
  if (change !== undefined && hold === undefined) return [{ path: path('for'), message: 'is missing: how long does the level hold after a change?' }];
  if (change === undefined && hold !== undefined) return [{ path: path('for'), message: 'goes with `changed` only; a delay of the rule is `onDelay`' }];
  if (mask === undefined) return is === undefined ? [] : [{ path: path('is'), message: 'goes with `mask` only' }];
  // In BigInt, because the bit operators of numbers see 32 bits.
  if (is !== undefined && (BigInt(is) & ~BigInt(mask)) !== 0n)
    return [{ path: path('is'), message: `has bits that are not in the mask ${mask}: it could never be` }];
  return [];
}

function compileTest({ level: name, in: among, notIn, for: hold, mask, is }: z.output<typeof level>, levels: readonly Level[]): StateTest {
  const finding = findingOf(levels, name);
  if (among !== undefined) return isIn(finding, name, among);
  if (notIn !== undefined) return isNotIn(finding, name, notIn);
  if (mask !== undefined) return masked(finding, name, mask, is);
  return changed(finding, name, hold ?? 0);
}
