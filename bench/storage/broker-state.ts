// Durable broker state alone: changes per second through the commit log, on a real disk with full fsync.
// Run: npm run build && npx esbuild bench/storage/broker-state.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench-broker-state.js && node dist/bench-broker-state.js [folder]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerChange } from '../../src/lib/storage/broker-state.ts';
import { createCommitLog } from '../../src/lib/storage/system/commit-log.ts';

const SECONDS = 5;
const PAYLOAD = new Uint8Array(64);
/** Messages that are committed and not yet on disk. */
const IN_FLIGHT = 5000;
const quiet = () => undefined;

function message(key: number): BrokerChange {
  return {
    kind: 'put-message',
    message: {
      key,
      topic: 'devices/device-123/report',
      payload: PAYLOAD,
      qos: 1,
      retain: false,
      properties: null,
      sender: 'default/device-123',
      arrivedAt: 1_763_785_200_000,
      expiresAt: null,
    },
  };
}
function delivery(session: number, sequence: number): BrokerChange {
  return {
    kind: 'put-delivery',
    delivery: { session, sequence, message: sequence, qos: 1, retain: false, subscriptionIdentifiers: [], packetId: null, released: false },
  };
}

/** What message number `key` changes. */
const LOADS: Readonly<Record<string, (key: number) => BrokerChange[]>> = {
  'queued and acknowledged 20,000 messages later, 100 sessions': (key) => [
    message(key),
    delivery(key % 100, key),
    ...(key > 20_000
      ? [
          { kind: 'remove-delivery' as const, session: (key - 20_000) % 100, sequence: key - 20_000 },
          { kind: 'remove-message' as const, message: key - 20_000 },
        ]
      : []),
  ],
  'queued for 1,000 absent sessions in turn': (key) => [message(key), delivery(key % 1000, key)],
  'queued for one absent session': (key) => [message(key), delivery(1, key)],
  'one message for 1,000 absent sessions': (key) => [message(key), ...Array.from({ length: 1000 }, (_, session) => delivery(session, key))],
};

for (const [name, changesOf] of Object.entries(LOADS)) {
  const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'muster-bench-'));
  const log = createCommitLog({
    file: join(folder, 'system.db'),
    queueMax: 100_000,
    journalBytesMax: 1e9,
    repeatWindowMs: 0,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  await log.start();
  const sum = { groups: 0, changes: 0, stored: 0, bytes: 0, writerMs: 0 };
  log.observe(({ changesLogged, changesStored, bytes, elapsedMs }) => {
    sum.groups += 1;
    sum.changes += changesLogged;
    sum.stored += changesStored;
    sum.bytes += bytes;
    sum.writerMs += elapsedMs;
  });
  const cpu = process.cpuUsage();
  const began = performance.now();
  let sent = 0;
  let done = 0;
  let wake: () => void = quiet;
  while (performance.now() - began < SECONDS * 1000) {
    const perCall = name.startsWith('one message') ? 5 : IN_FLIGHT;
    while (sent - done < perCall) {
      log.commit({ changes: changesOf(++sent) }).then(() => {
        done += 1;
        wake();
      });
    }
    await new Promise<void>((resolve) => {
      wake = () => resolve();
    });
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (value: number) => Math.round(value / seconds);
  process.stdout.write(
    `${name}: ${perSecond(done)} messages/s, ${perSecond(sum.changes)} changes/s, ${perSecond(sum.stored)} of them into tables; ` +
      `${perSecond(sum.groups)} groups/s, ${(sum.bytes / seconds / 1e6).toFixed(1)} MB/s; writer busy ${Math.round(sum.writerMs / seconds / 10)} %, ` +
      `${((user + system) / sum.changes).toFixed(1)} µs of processor time per change, both threads\n`,
  );
  await log.stop();
  rmSync(folder, { recursive: true });
}
