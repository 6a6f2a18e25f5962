import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { createHubMetrics } from '../../src/lib/metrics/hub-metrics.ts';
import { noLevels } from '../helpers/hub-levels.ts';
import { parseMetrics } from '../helpers/prometheus-text.ts';
import { repository } from '../helpers/source-graph.ts';

async function everyMetric() {
  const metrics = createHubMetrics('1.2.3', () => 0);
  onTestFinished(() => metrics.stop());
  metrics.watch(() => noLevels({ diskFreeBytes: 1, limits: [{ setting: 'limits.commit-queue', level: 1, limit: 2 }] }));
  metrics.meter.answered({ protocol: 'mqtt', receivedAt: 0 } as never, { accepted: 1, rejected: [], rejectedCount: 0 });
  return parseMetrics(await metrics.text());
}

const page = (name: string) => readFileSync(join(repository, name), 'utf8');

test('the page about monitoring has every metric with its type, and no other', async () => {
  const metrics = await everyMetric();
  const own = [...metrics.values()].filter(({ name }) => name.startsWith('muster_'));
  expect(own.length).toBeGreaterThan(60);
  const rows = [...page('docs/operate/monitor.md').matchAll(/^\| `(muster_[a-z_]+)` +\| ([a-z]+) +\| (.+) \|$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(rows.sort()).toEqual(own.map(({ name, type }) => `${name} ${type}`).sort());
});

test('no page names a metric that there is not', async () => {
  const metrics = await everyMetric();
  const series = new Set(
    [...metrics.values()].flatMap(({ name, type }) => (type === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name])),
  );
  for (const name of ['docs/operate/monitor.md', 'docs/operate/limits.md', 'docs/operate/mqtt.md', 'docs/operate/data.md', 'docs/understand/durability.md']) {
    const named = [...page(name).matchAll(/\b((?:muster|process|nodejs)_[a-z0-9_]+)/g)].map(([metric]) => metric);
    expect(
      named.filter((metric) => !series.has(metric)),
      name,
    ).toEqual([]);
  }
});

test('counters are counters and units are base units', async () => {
  for (const { name, type, help } of (await everyMetric()).values()) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (!name.startsWith('muster_')) continue;
    expect(name).not.toMatch(/_(ms|millis|milliseconds|kb|mb|kilobytes|megabytes|minutes|percent)(_|$)/);
    expect(help, name).not.toMatch(/since the start/);
  }
});

test('the alerts of the page are rules of Prometheus, with a summary each', () => {
  const [, text = ''] = /## Alerts[\s\S]*?```yaml\n([\s\S]*?)```/.exec(page('docs/operate/monitor.md')) ?? [];
  const { groups } = parse(text) as { groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(10);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert, expr, annotations } of rules) {
    expect(alert).toMatch(/^Muster[A-Za-z]+$/);
    expect(expr).toMatch(/muster/);
    expect(annotations.summary).not.toBe('');
  }
});

test('the reader of the tests refuses what Prometheus would', () => {
  const help = '# HELP a b\n# TYPE a ';
  expect(parseMetrics(`${help}counter\na{x="1"} 2\n`).get('a')?.samples).toEqual([{ name: 'a', labels: new Map([['x', '1']]), value: 2 }]);
  for (const bad of [
    'a 1\n',
    `${help}thing\na 1\n`,
    `${help}gauge\na 1\na 1\n`,
    `${help}gauge\nb 1\n`,
    `${help}gauge\na one\n`,
    `${help}gauge\na{x=1} 1\n`,
    `${help}gauge\na 1`,
    `${help}gauge\na 1\n${help}gauge\na 2\n`,
    `${help}histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n`,
    `${help}histogram\na_bucket{le="1"} 2\na_sum 1\na_count 2\n`,
  ])
    expect(() => parseMetrics(bad), bad).toThrow();
});
