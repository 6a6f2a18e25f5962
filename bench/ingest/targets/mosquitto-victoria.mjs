// What somebody would put together from Debian's packages: mosquitto, a subscriber that writes batches, VictoriaMetrics.
// Tuned to be fast: no limit on what is under way or queued, large batches, no accounts. A message is acknowledged when the broker has it
// in memory; neither the broker nor the database waits for the disk.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { end, freePort, isInstalled, until } from '../processes.mjs';

const READY_MS = 30_000;
const SEARCHABLE_MS = 20_000;
const WRITTEN_MS = 120_000;
const MOSQUITTO = 'mosquitto';
const VICTORIA = 'victoria-metrics';

/** Which of the peers are not installed. */
export function missingPeers() {
  return [MOSQUITTO, VICTORIA].filter((binary) => !isInstalled(binary));
}

export async function startMosquittoVictoria({ connections }) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-peer-'));
  const children = [];
  let log = '';
  const stop = async () => {
    // Sources first.
    for (const child of children.toReversed()) await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [port, victoriaPort] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${victoriaPort}`;
    const start = (binary, args) => {
      const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder });
      child.stderr.on('data', (chunk) => {
        log = (log + chunk).slice(-4000);
      });
      children.push(child);
      return child;
    };
    const victoria = start(VICTORIA, [
      `-storageDataPath=${join(folder, 'victoria')}`,
      `-httpListenAddr=127.0.0.1:${victoriaPort}`,
      '-retentionPeriod=1y',
      '-search.latencyOffset=0s',
      '-loggerLevel=ERROR',
    ]);
    await until('the start of VictoriaMetrics', async () => (await fetch(`${url}/health`).catch(() => null))?.ok ?? null, READY_MS);
    await mkdir(join(folder, 'mosquitto'));
    await writeFile(
      join(folder, 'mosquitto.conf'),
      // Persistence as in Debian's own mosquitto.conf: written at the end and every half hour.
      [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous true',
        'persistence true',
        `persistence_location ${join(folder, 'mosquitto')}/`,
        'max_inflight_messages 0',
        'max_queued_messages 0',
        'log_type error',
        ...(process.getuid?.() === 0 ? ['user root'] : []),
        '',
      ].join('\n'),
    );
    const mosquitto = start(MOSQUITTO, ['-c', join(folder, 'mosquitto.conf')]);
    await until('the start of mosquitto', () => answers(port), READY_MS);
    const subscriber = fork(fileURLToPath(new URL('victoria-writer.mjs', import.meta.url)), [String(port), String(victoriaPort)]);
    children.push(subscriber);
    let written = 0;
    let failure = null;
    subscriber.on('message', (message) => {
      if (message.written !== undefined) written = message.written;
    });
    subscriber.once('exit', (code) => {
      if (code) failure = new Error(`the subscriber ended with ${code}`);
    });
    await once(subscriber, 'message');
    return {
      name: 'mosquitto + VictoriaMetrics',
      port,
      devices: Array.from({ length: connections }, (_, index) => ({ id: `bench-${index}` })),
      processes: [
        { name: 'mosquitto', pid: mosquitto.pid },
        { name: 'subscriber', pid: subscriber.pid },
        { name: 'victoria', pid: victoria.pid },
      ],
      /** Resolves when the database has answered for so many messages. */
      settled: (messages) =>
        until(
          'the last write',
          () => {
            if (failure) throw failure;
            return written >= messages;
          },
          WRITTEN_MS,
          5,
        ),
      /** What is written can be searched a little later. */
      stored: async (expected) => {
        const isThere = async () => (await storedSamples(url)) >= expected;
        await until('the count', isThere, SEARCHABLE_MS, 200).catch(() => undefined);
        return storedSamples(url);
      },
      stop,
      log: () => log,
    };
  } catch (error) {
    await stop();
    throw new Error(`the peers could not be measured; they said:\n${log}`, { cause: error });
  }
}

/** Counted by the database itself, over all that can be searched. */
async function storedSamples(url) {
  await fetch(`${url}/internal/force_flush`);
  const query = new URLSearchParams({
    query: 'sum(count_over_time({__name__=~"report_.+"}[1d]))',
    // Times of the run may be some minutes ahead of the clock.
    time: String(Math.floor(Date.now() / 1000) + 3600),
    nocache: '1',
  });
  const answer = await fetch(`${url}/api/v1/query?${query}`);
  if (!answer.ok) throw new Error(`VictoriaMetrics: ${answer.status} ${await answer.text()}`);
  const { data } = await answer.json();
  return Number(data.result[0]?.value[1] ?? 0);
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(null));
  });
}
