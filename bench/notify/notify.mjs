// How soon somebody is told: from the sending of a sample that raises an alarm (MQTT QoS 1) to the arrival of the webhook, idle and at half of what the hub
// takes with a rule on every point. See README.md.
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { generate } from '../ingest/generate.mjs';
import { connectPacket, packet } from '../ingest/mqtt-bytes.mjs';
import { named, table } from '../ingest/table.mjs';
import { startMuster } from '../ingest/targets/muster.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '100' },
    points: { type: 'string', default: '3' },
    window: { type: 'string', default: '20' },
    /** Alarms a second. */
    alarms: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '1' },
    /** Messages a second of the load; without it, half of what the hub takes. */
    rate: { type: 'string' },
    bin: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [seconds, connections, points, window, alarms, rounds] = ['seconds', 'connections', 'points', 'window', 'alarms', 'rounds'].map((name) =>
  Number(values[name]),
);
const QUIET_MS = 2_000;
const LAST_MS = 10_000;
const PROBE = 'probe';
/** No value of the load comes near. */
const LIMIT = 1_000_000;
const rows = [];

const hub = await startMuster({ connections, points, watch: null, ...(values.bin && { bin: values.bin }) });
const receiver = await startReceiver();
try {
  const secret = await configure();
  let baseTime = Date.now() - 60_000;
  const load = { port: hub.port, devices: hub.devices, points, window };
  const full = values.rate === undefined ? await generate({ ...load, seconds: Math.min(seconds, 5), baseTime }) : null;
  const rate = values.rate === undefined ? Math.round(full.messagesPerSecond / 2) : Number(values.rate);
  for (let round = 0; round < rounds; round += 1) {
    rows.push({
      load: 'none',
      'offered msg/s': 0,
      'acknowledged p99 ms': null,
      ...(await probe(secret, () => new Promise((done) => setTimeout(done, seconds * 1000)))),
    });
    baseTime += 3_600_000;
    let answered = null;
    const told = await probe(secret, async () => {
      answered = await generate({ ...load, seconds, rate, baseTime });
    });
    rows.push({ load: 'half', 'offered msg/s': rate, 'acknowledged p99 ms': answered.p99Ms, ...told });
  }
  const { notifications, process: own } = await hub.api('GET', '/status');
  if (values.json) process.stdout.write(`${JSON.stringify({ node: process.version, full, rows, notifications }, null, 2)}\n`);
  else {
    process.stdout.write(`${points} points a message, ${connections} connections, ${alarms} alarms/s, a rule on every point, Node ${process.version}\n`);
    process.stdout.write(table(rows));
    process.stdout.write(
      `${named({ 'full msg/s': full?.messagesPerSecond ?? null, delivered: notifications.delivered, 'hub MB': Math.round(own.memoryBytes / 1048576) })}\n`,
    );
  }
} catch (error) {
  throw new Error(`${error.message}; the hub said:\n${hub.log()}`, { cause: error });
} finally {
  receiver.server.close();
  receiver.server.closeAllConnections();
  await hub.stop();
}

async function configure() {
  const { credential } = await hub.api('POST', '/devices', { id: PROBE, kind: 'gateway', type: 'bench', credential: 'token' });
  const paths = Array.from({ length: points }, (_, index) => `point${index + 1}`);
  await hub.api('POST', '/rules', { id: 'above', scope: { points: paths }, when: { bands: [{ level: 'critical', high: LIMIT }] } });
  const fast = { burst: 10_000, ratePerMinute: 60_000 };
  await hub.api('POST', '/channels', { id: 'receiver', kind: 'webhook', config: { url: receiver.url, ...fast } });
  await hub.api('POST', '/routes', { id: 'all', channels: ['receiver'], cleared: false });
  return credential.secret;
}

/** Raises and clears while `during` lasts; the number of the alarm is its value. */
async function probe(secret, during) {
  const socket = connect({ host: '127.0.0.1', port: hub.port, noDelay: true });
  socket.on('error', () => undefined);
  await new Promise((done) => socket.once('connect', done));
  socket.write(connectPacket(PROBE, PROBE, secret));
  await new Promise((done) => socket.once('data', done));
  const sentAt = new Map();
  const acknowledgements = [];
  const unacknowledged = [];
  let bytes = 0;
  socket.on('data', (chunk) => {
    // A PUBACK is four bytes, and they come in order.
    for (bytes += chunk.length; bytes >= 4; bytes -= 4) acknowledgements.push(performance.now() - unacknowledged.shift());
  });
  const latencies = [];
  let number = 0;
  let sequence = 0;
  let sampleTime = 0;
  const startedAt = performance.now();
  receiver.onAlarm = (value) => {
    const at = sentAt.get(value);
    if (at === undefined) return;
    sentAt.delete(value);
    // The first moments are those of a hub that warms up.
    if (at - startedAt > QUIET_MS) latencies.push(performance.now() - at);
  };
  const send = (value) => {
    sequence = (sequence % 65_535) + 1;
    sampleTime = Math.max(sampleTime + 1, Date.now());
    const topic = Buffer.from(`devices/${PROBE}/report`);
    const head = Buffer.alloc(2);
    head.writeUInt16BE(topic.length);
    const id = Buffer.alloc(2);
    id.writeUInt16BE(sequence);
    unacknowledged.push(performance.now());
    socket.write(packet(0x32, Buffer.concat([head, topic, id, Buffer.from(JSON.stringify({ ts: sampleTime, values: { point1: value } }))])));
  };
  // Above the limit and back by turns, one timer: a late one cannot overtake the other.
  let isRaised = false;
  // The last run may have ended above it.
  send(0);
  const timer = setInterval(() => {
    isRaised = !isRaised;
    if (!isRaised) return send(0);
    number += 1;
    const value = LIMIT + number;
    sentAt.set(value, performance.now());
    send(value);
  }, 500 / alarms);
  await during();
  clearInterval(timer);
  const deadline = performance.now() + LAST_MS;
  while (sentAt.size > 0 && performance.now() < deadline) await new Promise((done) => setTimeout(done, 10));
  socket.destroy();
  if (sentAt.size > 0) throw new Error(`${sentAt.size} of ${number} alarms were not told`);
  const [stored, told] = [quantilesOf(acknowledgements), quantilesOf(latencies)];
  return {
    ...{ alarms: latencies.length, 'stored p50 ms': stored.p50, 'stored p99 ms': stored.p99 },
    ...{ 'told p50 ms': told.p50, 'told p99 ms': told.p99, 'told max ms': told.max },
  };
}

function quantilesOf(times) {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share) => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

async function startReceiver() {
  const made = { onAlarm: () => undefined, server: null, url: '' };
  made.server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      for (const { value } of JSON.parse(body).alarms) made.onAlarm(value);
      response.writeHead(204).end();
    });
  });
  await new Promise((done) => made.server.listen(0, '127.0.0.1', done));
  made.url = `http://127.0.0.1:${made.server.address().port}/`;
  return made;
}
