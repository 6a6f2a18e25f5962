import { relative } from 'node:path';
import type { HubClient } from '../../client/hub-client.ts';
import { renderChart } from '../../reading/chart.ts';
import { bucketWidth, trendPoints, trendSeries } from '../../reading/trend.ts';
import { number, summaryLines } from '../summary.ts';
import type { DemoResult } from './play-demo.ts';
import { BUNDLED_RECORDINGS, recordingFile } from './recordings.ts';

/** The recording that the chart shows: the one with the failure. */
const CHARTED = BUNDLED_RECORDINGS[0];
const AXIS_COLUMNS = 8;

/** A chart of one recording as the hub has stored it; empty when nothing was. */
export async function chartLines(hub: HubClient, { from, to }: DemoResult, width: number, color: boolean): Promise<readonly string[]> {
  if (CHARTED === undefined) return [];
  const everyMs = bucketWidth(to - from, (width - AXIS_COLUMNS) * 2);
  const paths = CHARTED.points.map(({ path }) => path);
  const range = { from, to: to + 1, everyMs };
  const series = await trendSeries(hub, await trendPoints(hub, CHARTED.device, paths), range);
  if (series.every(({ buckets }) => buckets.length === 0)) return [];
  return [`${CHARTED.title}: ${CHARTED.about}, as the hub has stored it, moved to today`, ...renderChart(series, { ...range, width, height: 8, color })];
}

export function figureLines({ report, speed }: DemoResult): readonly string[] {
  return [...summaryLines(report), `speed         ${number(Math.round(speed))}x`].filter((line) => !line.startsWith('generator'));
}

export function sourceLines(): readonly string[] {
  return BUNDLED_RECORDINGS.map(({ title, source, licence }) => `${title}: ${source} (${licence})`);
}

/** The hub keeps the terminal it was started in; a shell takes the line for a comment. */
const ELSEWHERE = '# and in another terminal:';

/** Commands that work as they stand: with the kept directory, or with a hub of one's own. */
export function nextCommands({ speed }: DemoResult, keptDirectory: string | null, program: string): readonly string[] {
  const [first] = BUNDLED_RECORDINGS;
  if (first === undefined) return [];
  const [point] = first.points;
  const path = point?.path ?? '';
  const read = [`${program} trend ${first.device} ${path} --from -22d`, `${program} export ${first.device} --from -22d --file ${first.device}.csv`];
  if (keptDirectory !== null) return [`${program} serve --data ${quoted(keptDirectory)}`, ELSEWHERE, ...read];
  const file = relative(process.cwd(), recordingFile(first));
  return [
    `${program} serve`,
    ELSEWHERE,
    `${program} simulate replay ${quoted(file)} --device ${first.device} --map ${point?.column ?? ''}=${path} --times shifted --speed ${Math.round(speed)}x`,
    ...read,
  ];
}

function quoted(path: string): string {
  return /\s/.test(path) ? `"${path}"` : path;
}

/** How this program was called: the installed command, or the script in a clone. */
export function programName(bin: string, script: string | undefined): string {
  return script !== undefined && /[\\/]run\.js$/.test(script) ? `node ${relative(process.cwd(), script)}` : bin;
}
