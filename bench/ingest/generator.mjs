// The generator: one process, many connections. Started by generate.mjs, which sends the plan:
//   closed loop (rate null): each connection keeps `window` messages unacknowledged;
//   open loop (rate): messages leave at this rate whatever the answers do, and latency counts from the time at which a message
//   should have left, so that a server that stalls cannot hide it by being sent less.
// Every acknowledgement must be the one that is due on its connection, in order [MQTT-4.6.0-2]; a lost connection ends the run.
import { once } from 'node:events';
import { connect } from 'node:net';
import { LatencyHistogram } from './latency-histogram.mjs';
import { CONNACK, connectPacket, PUBACK, publishRing } from './mqtt-bytes.mjs';

const PUBACK_BYTES = 4;
const READ_BYTES = 64 * 1024;
/** The last acknowledgements of a run, or of a server that has fallen far behind. */
const LAST_ACKNOWLEDGEMENTS_MS = 60_000;
const CONNECTING_AT_ONCE = 32;
const OPEN_LOOP_TICK_MS = 1;

const [plan] = await once(process, 'message');
const { devices, points, window, rate, warmUpMs, seconds, reportMs, baseTime } = plan;

const total = new LatencyHistogram();
const interval = new LatencyHistogram();
let sent = 0;
let acknowledged = 0;
let measuring = false;
let sending = false;
let ended = false;
let startedAt = 0;
let measuredFrom = Number.POSITIVE_INFINITY;
let measuredTo = Number.POSITIVE_INFINITY;

const connections = [];
let next = 0;
await Promise.all(
  Array.from({ length: CONNECTING_AT_ONCE }, async () => {
    while (next < devices.length) {
      const index = next++;
      connections[index] = await open(devices[index], index);
    }
  }),
);

sending = true;
startedAt = performance.now();
process.send({ type: 'started' });
const ticking = rate === null ? null : setInterval(pumpAll, OPEN_LOOP_TICK_MS);
pumpAll();
await sleep(warmUpMs);
measuring = true;
measuredFrom = performance.now();
const cpuFrom = process.cpuUsage();
process.send({ type: 'measuring', acknowledged });
const reporting = setInterval(report, reportMs);
let reportedAt = measuredFrom;
await sleep(seconds * 1000);
measuring = false;
sending = false;
clearInterval(ticking);
clearInterval(reporting);
measuredTo = performance.now();
const elapsedMs = measuredTo - measuredFrom;
const { user, system } = process.cpuUsage(cpuFrom);
if (measuredTo - reportedAt > reportMs / 2) report();
process.send({ type: 'measured' });
const deadline = performance.now() + LAST_ACKNOWLEDGEMENTS_MS;
while (acknowledged < sent && performance.now() < deadline) await sleep(2);
if (acknowledged < sent) fail(`${sent - acknowledged} of ${sent} messages were never acknowledged`);
total.addAll(interval);
process.send({
  type: 'result',
  sent,
  acknowledged,
  messagesPerSecond: Math.round(total.count / (elapsedMs / 1000)),
  ...total.summary(),
  generatorCpuPercent: Math.round((user + system) / 10 / elapsedMs),
  sendingMs: Math.round(performance.now() - startedAt),
});
await once(process, 'message');
ended = true;
for (const connection of connections) connection.end();
process.disconnect();

function report() {
  const now = performance.now();
  process.send({ type: 'interval', messagesPerSecond: Math.round((interval.count / (now - reportedAt)) * 1000), ...interval.summary() });
  reportedAt = now;
  total.addAll(interval);
  interval.clear();
}

function pumpAll() {
  const now = performance.now();
  for (const connection of connections) connection.pump(now);
}

async function open({ id, secret }, index) {
  const ring = publishRing(`devices/${id}/report`, points, window);
  const { bytes, packetBytes } = ring;
  /** When each message under way left, or should have. */
  const since = new Float64Array(window);
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const everyMs = rate === null ? 0 : (devices.length / rate) * 1000;
  /** Of the open loop: connections take turns. */
  const firstMs = rate === null ? 0 : (index / rate) * 1000;
  let count = 0;
  let answered = 0;
  /** Bytes of an acknowledgement whose rest has not arrived. */
  let partial = 0;
  let partialBytes = 0;
  let isConnected = false;
  let ready;
  const connected = new Promise((resolve) => {
    ready = resolve;
  });
  const socket = connect({ host: plan.host, port: plan.port, noDelay: true, onread: { buffer, callback: read } });
  socket.on('error', (error) => fail(`connection ${index}: ${error.message}`));
  socket.on('close', () => {
    if (!ended) fail(`connection ${index} was closed by the server`);
  });
  socket.write(connectPacket(id, id, secret));
  await connected;
  return { pump, end: () => socket.destroy() };

  /** Writes what is due and has a free place, in one piece, or two at the end of the ring. */
  function pump(now) {
    if (!sending) return;
    let from = count % window;
    const free = window - (count - answered);
    const due = rate === null ? free : Math.min(free, Math.floor((now - startedAt - firstMs) / everyMs) + 1 - count);
    for (let left = due; left > 0; ) {
      const together = Math.min(left, window - from);
      for (let slot = from; slot < from + together; slot += 1) {
        // Times of one device never repeat, so that every point sent is a point stored.
        ring.fill(slot, baseTime + count, count + index);
        since[slot] = rate === null ? now : startedAt + firstMs + count * everyMs;
        count += 1;
      }
      // The ring is not touched again before its packets are acknowledged, so it need not be copied.
      socket.write(bytes.subarray(from * packetBytes, (from + together) * packetBytes));
      sent += together;
      left -= together;
      from = 0;
    }
  }

  function read(length) {
    const now = performance.now();
    let at = 0;
    while (at < length) {
      if (partialBytes > 0 || length - at < PUBACK_BYTES) {
        partial = (partial * 256 + buffer[at++]) >>> 0;
        if (++partialBytes < PUBACK_BYTES) continue;
        answer(partial >>> 24, (partial >>> 16) & 255, partial & 0xffff, now);
        partial = 0;
        partialBytes = 0;
      } else {
        answer(buffer[at], buffer[at + 1], (buffer[at + 2] << 8) | buffer[at + 3], now);
        at += PUBACK_BYTES;
      }
    }
    pump(now);
    return true;
  }

  function answer(header, length, value, now) {
    if (header === PUBACK && length === 2 && value === (answered % window) + 1 && answered < count) {
      const from = since[answered % window];
      answered += 1;
      acknowledged += 1;
      // Closed loop: what is answered in the time measured. Open loop: what was due in it, however late its answer.
      if (rate === null ? measuring : from >= measuredFrom && from < measuredTo) interval.add(now - from);
    } else if (header === CONNACK && length === 2 && !isConnected) {
      if ((value & 255) !== 0) fail(`connection ${index} was refused with code ${value & 255}`);
      isConnected = true;
      ready();
    } else fail(`connection ${index}: packet ${header.toString(16)} ${value} where acknowledgement ${(answered % window) + 1} was due`);
  }
}

function fail(reason) {
  if (ended) return;
  ended = true;
  process.send({ type: 'failed', reason }, () => process.exit(1));
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
