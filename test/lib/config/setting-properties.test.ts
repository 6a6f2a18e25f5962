import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSettings } from '../../../src/lib/config/load-settings.ts';
import { fromText, shapeOf } from '../../../src/lib/config/setting-shape.ts';
import { defaultSettings, environmentName, SETTINGS, type SettingDefinition, type SettingName } from '../../../src/lib/config/settings.ts';
import { parseSettings } from '../../../src/lib/config/settings-file.ts';
import { editDistance, nearestName } from '../../../src/lib/domain/nearest-name.ts';

const NAMES = Object.keys(SETTINGS) as SettingName[];
const name = fc.constantFrom(...NAMES);

describe('settings, for any input', () => {
  test('every default survives its way through text', () => {
    for (const [name, definition] of Object.entries(SETTINGS) as [SettingName, SettingDefinition][]) {
      const shape = shapeOf(definition);
      const text = Array.isArray(definition.default) ? definition.default.join(',') : String(definition.default);
      expect([name, fromText(text, shape)]).toEqual([name, definition.default]);
    }
  });

  test('whatever the environment holds is a value or a problem, never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(name, fc.string({ minLength: 1 }), async (setting, text) => {
        const variable = environmentName(setting);
        const { settings, origins, problems } = await checkSettings({ env: { [variable]: text } });
        const valid = SETTINGS[setting].schema.safeParse(settings[setting]).success;
        expect(valid).toBe(true);
        // Taken from the variable, or refused by name: a text is never dropped silently.
        expect(origins[setting] === variable || problems.some((problem) => problem.setting === setting && problem.source === variable)).toBe(true);
      }),
    );
  });

  test('each key of a file is a value or a problem, never dropped, never an exception', async () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double());
    const key = fc.oneof(name, fc.string()).filter((text) => !['mqtt', 'http', 'mqtts', 'tls', 'log', 'limits', 'ingest', 'storage', 'access'].includes(text));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar))), async (content) => {
        const { entries, problems } = await parseSettings(JSON.stringify(content), 'hub.yaml');
        expect(entries.length + problems.length).toBe(Object.keys(content).length);
      }),
    );
  });

  test('any text at all can be offered as a file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const { entries, problems } = await parseSettings(text, 'hub.yaml');
        for (const entry of entries) expect(NAMES).toContain(entry.name);
        for (const problem of problems) expect(problem.problem).not.toBe('');
      }),
    );
  });

  test('defaults fit their own schema', () => {
    for (const [name, definition] of Object.entries(SETTINGS) as [SettingName, SettingDefinition][]) {
      expect([name, definition.schema.safeParse(defaultSettings()[name]).success]).toEqual([name, true]);
    }
  });
});

describe('the nearest name', () => {
  test('is found after one slip anywhere in a name', () => {
    fc.assert(
      fc.property(name, fc.nat(), fc.constantFrom('drop', 'double', 'swap'), (right, at, slip) => {
        const index = at % (right.length - 1);
        const [head, here, next, tail] = [right.slice(0, index), right.charAt(index), right.charAt(index + 1), right.slice(index + 2)];
        const wrong = slip === 'drop' ? head + next + tail : slip === 'double' ? head + here + here + next + tail : head + next + here + tail;
        const nearest = nearestName(wrong, NAMES);
        expect(nearest).not.toBeNull();
        expect(editDistance(wrong, nearest ?? '')).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('the distance is a distance', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        expect(editDistance(left, right)).toBe(editDistance(right, left));
        expect(editDistance(left, right) === 0).toBe(left === right);
        expect(editDistance(left, right)).toBeLessThanOrEqual(Math.max(left.length, right.length));
      }),
    );
  });

  test('nothing is suggested for what resembles nothing', () => {
    expect(nearestName('colour-of-the-cabinet', NAMES)).toBeUndefined();
    expect(nearestName('x'.repeat(100_000), NAMES)).toBeUndefined();
  });
});
