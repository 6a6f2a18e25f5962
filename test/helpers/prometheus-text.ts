/** One metric of Prometheus' text format. */
export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly { readonly name: string; readonly labels: ReadonlyMap<string, string>; readonly value: number }[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^{}]*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** Reads the text format strictly (version 0.0.4): throws for what a scraper, or `promtool check metrics`, would not take. */
export function parseMetrics(text: string): Map<string, MetricFamily> {
  const families = new Map<string, MetricFamily & { samples: { name: string; labels: ReadonlyMap<string, string>; value: number }[] }>();
  const seen = new Set<string>();
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  let current = '';
  let help: [string, string] | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      help = [comment[2] ?? '', comment[3] ?? ''];
      continue;
    }
    if (comment?.[1] === 'TYPE') {
      const [, , name = '', type = ''] = comment;
      if (!NAME.test(name)) throw new Error(`bad name: ${name}`);
      if (help?.[0] !== name) throw new Error(`no HELP before the TYPE of ${name}`);
      if (families.has(name)) throw new Error(`${name} comes twice`);
      if (!['counter', 'gauge', 'histogram', 'summary'].includes(type)) throw new Error(`bad type of ${name}: ${type}`);
      families.set(name, { name, type, help: help[1], samples: [] });
      current = name;
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null) throw new Error(`not a line of the format: ${line}`);
    const [, name = '', labelText = '', valueText = ''] = sample;
    const family = families.get(current);
    const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : family?.type === 'summary' ? ['', '_sum', '_count'] : [''];
    if (!family || !suffixes.some((suffix) => name === current + suffix)) throw new Error(`${name} stands below ${current}`);
    const labels = parseLabels(labelText);
    const key = `${name}{${[...labels].sort().join()}}`;
    if (seen.has(key)) throw new Error(`${key} comes twice`);
    seen.add(key);
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
    if (Number.isNaN(value) && valueText.toLowerCase() !== 'nan') throw new Error(`not a number: ${line}`);
    family.samples.push({ name, labels, value });
  }
  for (const family of families.values()) checkHistogram(family);
  return families;
}

function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex;
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`bad labels: ${text.slice(at)}`);
    if (labels.has(match[1] ?? '')) throw new Error(`a label comes twice: ${text}`);
    labels.set(match[1] ?? '', match[2] ?? '');
  }
  return labels;
}

/** Buckets grow, and the last holds all. */
function checkHistogram({ name, type, samples }: MetricFamily): void {
  if (type !== 'histogram') return;
  const series = new Map<string, { below: number; edge: number; count: number | null }>();
  for (const sample of samples) {
    const rest = [...sample.labels].filter(([label]) => label !== 'le').join();
    const state = series.get(rest) ?? { below: 0, edge: Number.NEGATIVE_INFINITY, count: null };
    series.set(rest, state);
    if (sample.name === `${name}_bucket`) {
      const le = sample.labels.get('le') ?? '';
      const edge = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      if (!(edge > state.edge) || sample.value < state.below) throw new Error(`the buckets of ${name} do not grow`);
      state.edge = edge;
      state.below = sample.value;
    } else if (sample.name === `${name}_count`) state.count = sample.value;
  }
  for (const { below, edge, count } of series.values())
    if (edge !== Number.POSITIVE_INFINITY || count !== below) throw new Error(`the last bucket of ${name} does not hold all`);
}
