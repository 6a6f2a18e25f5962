// Devices of a storm, as far as a hub can tell: each connects with its token and a last will, subscribes to what it may be asked, reports, and is served when that
// report is acknowledged. MQTT 3.1.1 by hand, so that the processors go to the hub. Run by storm.mjs; speaks with it over IPC.
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { packet } from '../ingest/mqtt-bytes.mjs';

const CONNACK = 0x20;
const PUBACK = 0x40;
const SUBACK = 0x90;
const options = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { port, devices, ca, firstMs, longestMs, patienceMs, resume } = options;
/** Who speaks is not checked, which is a device's own cost: the processors are for the hub. */
const secureContext = ca === null ? null : createSecureContext();
/** Opened in one go: what has been answered meanwhile waits as long as that takes. */
const AT_ONCE = 50;

const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

function connectPacket(id, token) {
  const flags = 0b1100_1110; // user name, password, will with QoS 1, clean session
  const head = Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, 60])]);
  return packet(0x10, Buffer.concat([head, text(id), text(`devices/${id}/death`), text('{"reason":"connection lost"}'), text(id), text(token)]));
}

function subscribePacket(id) {
  const filters = ['set', 'call', 'config', 'time'].map((kind) => Buffer.concat([text(`devices/${id}/${kind}`), Buffer.from([1])]));
  return packet(0x82, Buffer.concat([Buffer.from([0, 1]), ...filters]));
}

function reportPacket(id) {
  const payload = Buffer.from(JSON.stringify({ ts: Date.now(), values: { temperature: 20 + Math.random(), pump: true } }));
  return packet(0x32, Buffer.concat([text(`devices/${id}/report`), Buffer.from([0, 2]), payload]));
}

let served = 0;
let storm = null;
const times = [];
const counts = { attempts: 0, refused: 0, lost: 0, resumed: 0, handshakes: 0, reasons: {} };
const fleet = devices.map(({ id, token }) => ({ id, token, socket: null, since: null, isServed: false, session: null, timer: null }));

function open(device) {
  counts.attempts += 1;
  device.timer = null;
  const target = { host: '127.0.0.1', port };
  const socket =
    secureContext === null
      ? connectTcp(target)
      : connectTls({ ...target, secureContext, servername: 'localhost', rejectUnauthorized: false, session: resume ? device.session : undefined });
  device.socket = socket;
  device.isServed = false;
  const deadline = setTimeout(() => socket.destroy(new Error('no answer in time')), patienceMs);
  let rest = null;
  socket.setNoDelay(true);
  socket.on(secureContext === null ? 'connect' : 'secureConnect', () => {
    if (secureContext !== null) {
      counts.handshakes += 1;
      if (socket.isSessionReused()) counts.resumed += 1;
    }
    socket.write(connectPacket(device.id, device.token));
  });
  if (secureContext !== null && resume)
    socket.on('session', (session) => {
      device.session = session;
    });
  socket.on('data', (chunk) => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= 2 && bytes.length >= 2 + bytes[1]) {
      const kind = bytes[0];
      if (kind === CONNACK) {
        if (bytes[3] !== 0) {
          counts.refused += 1;
          note(`connack ${bytes[3]}`);
          socket.destroy();
          return;
        }
        socket.write(Buffer.concat([subscribePacket(device.id), reportPacket(device.id)]));
      } else if (kind === PUBACK) {
        clearTimeout(deadline);
        device.since = null;
        device.isServed = true;
        served += 1;
        if (storm !== null) times.push(performance.now() - storm);
      } else if (kind === SUBACK && bytes.subarray(4, 2 + bytes[1]).some((code) => code >= 0x80)) note('subscription refused');
      bytes = bytes.subarray(2 + bytes[1]);
    }
    rest = bytes.length === 0 ? null : Buffer.from(bytes);
  });
  socket.on('error', (error) => note(error.code ?? error.message));
  socket.on('close', () => {
    clearTimeout(deadline);
    if (device.socket !== socket) return;
    if (device.isServed) {
      served -= 1;
      counts.lost += 1;
    }
    device.socket = null;
    device.isServed = false;
    again(device);
  });
}

function note(reason) {
  counts.reasons[reason] = (counts.reasons[reason] ?? 0) + 1;
}

/** As the library: full jitter over as long as the outage has lasted. */
function again(device) {
  device.since ??= performance.now();
  const longest = Math.min(longestMs, Math.max(firstMs, performance.now() - device.since));
  device.timer = setTimeout(() => open(device), longest * Math.random());
}

process.on('message', async (message) => {
  if (message.kind === 'begin') {
    // The first time one after the other: not what is measured.
    for (let at = 0; at < fleet.length; at += 20) {
      for (const device of fleet.slice(at, at + 20)) open(device);
      await new Promise((resolve) => setTimeout(resolve, 20_000 / message.perSecond));
    }
  } else if (message.kind === 'cut') {
    // All at once, and all back at once: no jitter at all.
    const sockets = fleet.map((device) => device.socket);
    for (const device of fleet) device.socket = null;
    for (const socket of sockets) socket?.destroy();
    served = 0;
    arm();
    for (const device of fleet) clearTimeout(device.timer);
    for (let at = 0; at < fleet.length; at += AT_ONCE) {
      for (const device of fleet.slice(at, at + AT_ONCE)) {
        device.since = null;
        open(device);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  } else if (message.kind === 'arm') arm();
  else if (message.kind === 'ask') {
    const { user, system } = process.cpuUsage();
    process.send({ served, counts, times: message.times ? times : [], cpuSeconds: (user + system) / 1e6 });
  }
});
process.on('disconnect', () => process.exit(0));

function arm() {
  storm = performance.now();
  times.length = 0;
  Object.assign(counts, { attempts: 0, refused: 0, lost: 0, resumed: 0, handshakes: 0, reasons: {} });
}
