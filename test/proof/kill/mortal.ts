import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../scope.ts';
import { comesTrue } from '../waiting.ts';

/** Something that is killed and started again on the same data. */
export interface Mortal {
  readonly mqttPort: number;
  /** ms until it took traffic. */
  start(): Promise<number>;
  kill(): Promise<void>;
}

/** mosquitto with Debian's kind of persistence: it writes its state every half hour and at an orderly end. */
export async function createMosquitto(scope: Scope): Promise<Mortal> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-proof-mosquitto-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'state'));
  const mqttPort = await freePort();
  const config = join(folder, 'mosquitto.conf');
  const lines = [`listener ${mqttPort} 127.0.0.1`, 'allow_anonymous true', 'persistence true', `persistence_location ${join(folder, 'state')}/`];
  await writeFile(config, `${[...lines, 'max_queued_messages 0', ...(process.getuid?.() === 0 ? ['user root'] : [])].join('\n')}\n`);
  let child: ChildProcess | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  const kill = async () => {
    child?.kill('SIGKILL');
    await ended;
  };
  scope.defer(kill);
  return {
    mqttPort,
    kill,
    async start() {
      const startedAt = performance.now();
      const started = spawn('mosquitto', ['-c', config], { stdio: 'ignore' });
      child = started;
      ended = new Promise((resolve) => started.once('close', resolve));
      if (!(await comesTrue(() => answers(mqttPort), 10_000, 20))) throw new Error('mosquitto did not start');
      return performance.now() - startedAt;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
