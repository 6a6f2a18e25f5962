import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startDeviceBroker } from '../helpers/device-broker.ts';
import { repository } from '../helpers/source-graph.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const run = promisify(execFile);

const PROGRAM = `
import { Device, Gateway, DeviceError, Rejected, fileIdentity } from 'muster/device';
const device = new Device({ url: process.argv[2], id: 'boiler-7', credential: { token: 't' }, timeSync: false });
await device.connect({ attempts: 1 });
await device.report({ temperature: 20 }, { time: 5 });
await device.close();
console.log(typeof Gateway, typeof fileIdentity, new Rejected('no') instanceof Error, DeviceError.name);
`;
/** What a program in TypeScript sees. */
const TYPED = `
import { Device, type DeviceOptions, Rejected } from 'muster/device';
declare const boiler: { heatTo(degrees: number): Promise<void>; restart(): Promise<void> };
const options: DeviceOptions = { url: 'mqtts://hub.example.org:8883', id: 'boiler-7', credential: { token: '' }, about: { model: 'B-200' } };
const device = new Device(options);
device.onSet(async ({ 'boiler/target': target }) => {
  if (typeof target !== 'number' || target > 90) throw new Rejected('too hot');
  await boiler.heatTo(target);
});
device.onCall('restart', async () => {
  await boiler.restart();
  return { startedIn: 1.2 };
});
device.onCall('stop', () => undefined);
device.on('disconnected', ({ error, retryInMs }) => void [error.code.length, retryInMs.toFixed()]);
// @ts-expect-error a device that knows who it is has a credential
new Device({ url: 'mqtt://127.0.0.1', id: 'x' });
// @ts-expect-error there is no such event
device.on('conected', () => undefined);
`;

/** What the programs of the page take for granted. */
const SURROUNDINGS = `
declare const boiler: { heatTo(degrees: number): Promise<void>; restart(): Promise<void> };
declare const bus: { write(device: string, values: Readonly<Record<string, unknown>>): Promise<void> };
declare const [url, token]: [string, string];
`;

async function examplesOfDocs(): Promise<string[]> {
  const page = await readFile(join(repository, 'docs/start/device-library.md'), 'utf8');
  return [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text);
}

it('is there for programs that install the package: it runs, has types, and brings nothing of the command line', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const installed = join(folder, 'node_modules/muster');
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: repository });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components', '1']);
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  await writeFile(join(folder, 'program.mjs'), PROGRAM);
  const broker = await startDeviceBroker();
  const coverage = join(folder, 'coverage');
  const answer = await run(process.execPath, [join(folder, 'program.mjs'), broker.url], { cwd: folder, env: { ...process.env, NODE_V8_COVERAGE: coverage } });
  expect(answer.stdout).toBe('function function true DeviceError\n');
  expect(broker.received).toEqual([{ topic: 'devices/boiler-7/report', payload: '{"ts":5,"values":{"temperature":20}}', qos: 1 }]);

  const reports = await Promise.all((await readdir(coverage)).map(async (name) => JSON.parse(await readFile(join(coverage, name), 'utf8'))));
  const loaded = reports.flatMap(({ result }: { result: { url: string }[] }) => result.map(({ url }) => url)).filter((url) => url.includes('/muster/dist/'));
  expect(loaded.length).toBeGreaterThan(1);
  for (const url of loaded) expect(await readFile(new URL(url), 'utf8'), url).not.toMatch(/@oclif|fastify|duckdb/);

  // What npm would have installed beside it.
  await cp(join(repository, 'node_modules/mqtt'), join(folder, 'node_modules/mqtt'), { recursive: true, dereference: true });
  await mkdir(join(folder, 'node_modules/@types'));
  await symlink(join(repository, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  await writeFile(join(folder, 'typed.ts'), TYPED);
  const shown = await examplesOfDocs();
  expect(shown.length).toBeGreaterThan(1);
  await Promise.all(shown.map((text, index) => writeFile(join(folder, `shown-${index}.ts`), `${SURROUNDINGS}${text}`)));
  const flags = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
  ];
  const checked = await run(
    process.execPath,
    [join(repository, 'node_modules/typescript/bin/tsc'), ...flags, 'typed.ts', ...shown.map((_, index) => `shown-${index}.ts`)],
    { cwd: folder },
  ).catch((error: { stdout: string }) => error);
  // Those of its dependencies are not ours to mend.
  expect(checked.stdout.split('\n').filter((line) => line !== '' && !line.startsWith(' ') && !/^node_modules\/(?!muster\/)/.test(line))).toEqual([]);
});
