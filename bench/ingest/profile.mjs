// Where the event loop of a hub spends its time under load, by the files of src. Build with source maps first:
//   MUSTER_SOURCE_MAPS=1 npm run build && node bench/ingest/profile.mjs [--points 1,3,10]
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure } from './measure.mjs';
import { readOptions } from './options.mjs';
import { table } from './table.mjs';
import { startMuster } from './targets/muster.mjs';

const options = readOptions({ top: { type: 'string', default: '25' } });
const { connections, window, seconds, watch } = options;
const INTERVAL_US = 500;
const maps = new Map();
const places = new Map();
const IDLE = new Set(['(idle)', '(root)']);

for (const points of options.points) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-profile-'));
  try {
    const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`];
    const { messagesPerSecond } = await measure((load) => startMuster({ ...load, nodeOptions }), { points, connections, window, seconds, watch });
    const files = await readdir(folder);
    // The event loop's profile, and those of the threads: its name ends with its number, and it is thread 0.
    for (const [name, file] of [
      ['event loop', files.find((found) => found.includes('.0.'))],
      ['commit thread', files.find((found) => found.includes('.1.'))],
      ['sample store thread', files.find((found) => found.includes('.2.'))],
    ]) {
      if (file === undefined) continue;
      const { rows, busyPercent } = await summarise(JSON.parse(await readFile(join(folder, file), 'utf8')));
      process.stdout.write(`\n${points} points per message, ${messagesPerSecond} messages/s: ${name}, ${busyPercent} % busy\n`);
      process.stdout.write(table(rows.slice(0, Number(options.top))));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Time by file, of the time that was not idle. Starting and stopping the hub is in it too. */
async function summarise({ nodes, samples, timeDeltas }) {
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const time = new Map();
  let all = 0;
  let idle = 0;
  for (const [index, id] of samples.entries()) {
    const { callFrame } = nodeOf.get(id);
    const own = timeDeltas[index];
    all += own;
    if (IDLE.has(callFrame.functionName)) idle += own;
    else {
      const where = await placeOf(callFrame);
      time.set(where, (time.get(where) ?? 0) + own);
    }
  }
  const rows = [...time].sort((one, other) => other[1] - one[1]).map(([where, own]) => ({ '%': Math.round((own / (all - idle)) * 1000) / 10, where }));
  return { rows, busyPercent: Math.round(((all - idle) / all) * 100) };
}

async function placeOf({ functionName, url, lineNumber, columnNumber }) {
  const key = `${url}:${lineNumber}:${columnNumber} ${functionName}`;
  if (!places.has(key)) places.set(key, await findPlace(functionName, url, lineNumber, columnNumber));
  return places.get(key);
}

async function findPlace(functionName, url, line, column) {
  if (url.startsWith('node:')) return url;
  if (!url.startsWith('file:')) return functionName === '' || !functionName.startsWith('(') ? `built in: ${functionName}` : functionName;
  const file = fileURLToPath(url);
  if (!maps.has(file)) {
    const text = await readFile(`${file}.map`, 'utf8').catch(() => null);
    maps.set(file, text === null ? null : new SourceMap(JSON.parse(text)));
  }
  const source = maps.get(file)?.findEntry(line, column).originalSource;
  const path = source === undefined ? file : resolve(dirname(file), source);
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  // The build writes its maps in a folder of its own: only what follows `src` is true.
  return packaged === undefined ? `src/${path.split('/src/').at(-1)}` : `package ${packaged}`;
}
