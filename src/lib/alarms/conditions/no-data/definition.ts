import { z } from 'zod';
import type { ConditionKind } from '../condition.ts';
import { durationMs, findingOf, LEVELS_MAX, levelName, levelsOf, refuse } from '../spec.ts';
import { createNoData, type Silence } from './no-data.ts';

const of = z.enum(['point', 'device']).default('point').describe('Each point alone, or the device with all its points.');
const silence = z.strictObject({ after: durationMs, level: levelName });
const schema = z.union([
  z.strictObject({ of, after: durationMs, level: levelName }),
  z.strictObject({ of, levels: z.array(silence).min(1).max(LEVELS_MAX).describe('The longer the silence, the worse the level.') }),
]);

export const noDataDefinition: ConditionKind<z.output<typeof schema>> = {
  name: 'noData',
  summary: 'A point or a whole device has sent nothing for a time.',
  schema,
  example: { of: 'device', after: '5m', level: 'major' },
  compile(spec, context) {
    const list = 'levels' in spec ? spec.levels : [spec];
    const pathOf = (index: number): string => ('levels' in spec ? `levels.${index}.level` : 'level');
    const names = list.map(({ level }) => level);
    const levels = levelsOf(names, context, pathOf);
    const silences: Silence[] = list
      .map(({ after, level }) => ({ afterMs: after, finding: findingOf(levels, level), level }))
      .sort((a, b) => a.finding - b.finding);
    for (const [index, { afterMs, level }] of silences.entries()) {
      const better = silences[index - 1];
      if (better !== undefined && better.afterMs >= afterMs) {
        refuse([
          { path: pathOf(names.lastIndexOf(level)), message: `\`${level}\` is not better than \`${better.level}\` and must come after a longer silence` },
        ]);
      }
    }
    const device = spec.of === 'device';
    return {
      kind: 'noData',
      subject: spec.of,
      points: device ? ['*'] : [],
      levels,
      history: { samples: 1, durationMs: Number.POSITIVE_INFINITY },
      start: () => createNoData(silences),
    };
  },
};
