import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shapeOf } from '../../src/lib/config/setting-shape.ts';
import { SETTINGS, type SettingDefinition, type SettingName } from '../../src/lib/config/settings.ts';
import { repository } from '../helpers/source-graph.ts';

/** Numbers that bound nothing. */
const NO_LIMITS: readonly SettingName[] = [
  'http.port',
  'mqtt.port',
  'mqtts.port',
  'clocks.wrong-after-ms',
  'storage.apply-interval-ms',
  'storage.hot-hours',
  'storage.hot-samples-max',
  'storage.compact-interval-ms',
  'storage.retention-days',
];

/** A default that depends on the machine. */
const IN_WORDS: Readonly<Record<string, string>> = { 'storage.free-disk-bytes-min': '268,435,456 or less' };

const page = readFileSync(join(repository, 'docs/operate/limits.md'), 'utf8');
const rows = new Map([...page.matchAll(/^\| `([a-z][a-z0-9.-]+)` *\| ([^|]*?) *\|/gm)].map((match) => [match[1] ?? '', match[2] ?? '']));
const numbers = (Object.entries(SETTINGS) as [SettingName, SettingDefinition][]).filter(([, definition]) => shapeOf(definition).type === 'integer');

test('the page of limits names every limit that is a setting, with its default', () => {
  const limits = numbers.filter(([name]) => !NO_LIMITS.includes(name));
  expect(limits.length).toBeGreaterThan(40);
  const shown = (name: string, value: unknown) => (name in IN_WORDS ? IN_WORDS[name] : value === null ? 'none' : Number(value).toLocaleString('en-US'));
  expect(Object.fromEntries(limits.map(([name]) => [name, rows.get(name)]))).toEqual(
    Object.fromEntries(limits.map(([name, { default: value }]) => [name, shown(name, value)])),
  );
});

test('the page of limits names no setting that there is not, and where it is seen', () => {
  const named = [...page.matchAll(/`((?:limits|ingest|http|mqtt|storage|access)\.[a-z-]+)`/g)].map((match) => match[1] ?? '');
  expect(named.filter((name) => !(name in SETTINGS))).toEqual([]);
  const metricsNamed = new Set([...page.matchAll(/`(muster_[a-z_]+)`/g)].map((match) => match[1] ?? ''));
  expect(metricsNamed.size).toBeGreaterThan(10);
});
