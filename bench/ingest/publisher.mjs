// The generator: one process, many connections, a window of unacknowledged messages on each. Started by ingest.mjs, which sends the plan.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connectPacket, createReader, fill, publishTemplate } from './mqtt-bytes.mjs';

const CONNACK = 0x20;
const PUBACK = 0x40;
const WARM_UP_MS = 1000;
const LAST_ACKNOWLEDGEMENTS_MS = 10_000;
const [plan] = await once(process, 'message');

const latencies = [];
let sent = 0;
let acknowledged = 0;
let measured = 0;
let measuring = false;
let sending = true;

const connections = await Promise.all(plan.devices.map(open));
const start = performance.now();
for (const connection of connections) connection.begin();
await sleep(WARM_UP_MS);
measuring = true;
const measuredFrom = performance.now();
const cpuFrom = process.cpuUsage();
process.send({ type: 'measuring' });
await sleep(plan.seconds * 1000);
measuring = false;
const elapsedMs = performance.now() - measuredFrom;
const { user, system } = process.cpuUsage(cpuFrom);
process.send({ type: 'measured' });
sending = false;
const deadline = performance.now() + LAST_ACKNOWLEDGEMENTS_MS;
while (acknowledged < sent && performance.now() < deadline) await sleep(10);
for (const connection of connections) connection.end();

latencies.sort((one, other) => one - other);
const quantile = (fraction) => round(latencies[Math.min(latencies.length - 1, Math.ceil(fraction * latencies.length) - 1)] ?? 0);
process.send({
  type: 'result',
  sent,
  acknowledged,
  messagesPerSecond: Math.round(measured / (elapsedMs / 1000)),
  p50Ms: quantile(0.5),
  p99Ms: quantile(0.99),
  maxMs: quantile(1),
  generatorCpuPercent: Math.round((user + system) / 10 / elapsedMs),
  totalMs: Math.round(performance.now() - start),
});
process.disconnect();

async function open({ id, secret }, index) {
  const socket = connect({ host: plan.host, port: plan.port, noDelay: true });
  const slots = Array.from({ length: plan.window }, (_, slot) => ({ ...publishTemplate(`devices/${id}/report`, slot + 1, plan.points), sentAt: 0 }));
  let count = 0;
  let ready;
  const connected = new Promise((resolve, reject) => {
    ready = resolve;
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`connection ${index} was closed before it was accepted`)));
  });
  // A slot is used again when its message is acknowledged: only then is its buffer free for sure.
  const send = (slot) => {
    if (!sending) return;
    // Times of one device never repeat, so that every point sent is a point stored.
    fill(slot, plan.baseTime + count, count);
    count += 1;
    sent += 1;
    slot.sentAt = performance.now();
    socket.write(slot.bytes);
  };
  socket.on(
    'data',
    createReader((type, body) => {
      if (type === CONNACK) {
        if (body[1] !== 0) throw new Error(`the connection was refused with code ${body[1]}`);
        ready();
      } else if (type === PUBACK) {
        const slot = slots[((body[0] << 8) | body[1]) - 1];
        acknowledged += 1;
        if (measuring) {
          measured += 1;
          latencies.push(performance.now() - slot.sentAt);
        }
        send(slot);
      }
    }),
  );
  socket.write(connectPacket(id, id, secret));
  await connected;
  return {
    begin: () => {
      socket.cork();
      for (const slot of slots) send(slot);
      socket.uncork();
    },
    end: () => socket.destroy(),
  };
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function round(ms) {
  return Math.round(ms * 100) / 100;
}
