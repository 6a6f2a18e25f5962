import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import mqtt from 'mqtt-packet';
import type { Credentials } from '../fleet.ts';
import { comesTrue, pause, quantile } from '../waiting.ts';
import { answer } from './answer.ts';
import { loadPayload } from './load-payload.ts';

/** Devices that report as a plan says, each value with its own time, so that every report can be looked for. */
export interface LoadPlan {
  readonly protocol: 'mqtt' | 'http';
  readonly port: number;
  readonly devices: readonly Credentials[];
  /** Reports of one device on their way at most; null sends as long as the socket takes it. */
  readonly window: number | null;
  /** Reports offered in a second by all devices together; null is a closed loop, the next one as soon as there is room. */
  readonly perSecond: number | null;
  readonly points: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly offered: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Acknowledged in the time of the plan. */
  readonly perSecond: number;
  readonly devices: readonly { readonly id: string; readonly sent: number; readonly unacknowledged: readonly number[] }[];
}

const TICK_MS = 10;
const LAST_ANSWERS_MS = 60_000;
const PACKET_IDS = 65_535;

interface Device {
  readonly id: string;
  sent: number;
  underWay: number;
  readonly unacknowledged: Set<number>;
  hasRoom(): boolean;
  send(): void;
  end(): void;
}

/** Numbers go on from run to run: a device has each time once. */
const numbers = new Map<string, number>();

answer<LoadPlan>(run);

async function run(plan: LoadPlan): Promise<LoadResult> {
  const latencies: number[] = [];
  const seen = { offered: 0, acknowledged: 0, refused: 0 };
  let inTime = 0;
  let running = true;
  let more: (device: Device) => void = () => undefined;
  const done = (device: Device, number: number, startedAt: number, taken: boolean) => {
    device.underWay -= 1;
    if (taken) {
      device.unacknowledged.delete(number);
      seen.acknowledged += 1;
      if (running) inTime += 1;
      latencies.push(performance.now() - startedAt);
    } else seen.refused += 1;
    more(device);
  };
  const agent = new Agent({ keepAlive: true, maxSockets: 10_000 });
  const open = plan.protocol === 'mqtt' ? openMqtt : openHttp;
  const devices = await Promise.all(plan.devices.map((credentials) => open(plan, credentials, agent, done)));
  const firsts = new Map(devices.map(({ id, sent }) => [id, sent]));
  const endsAt = performance.now() + plan.seconds * 1000;
  if (plan.perSecond === null) {
    more = (device) => {
      while (running && device.hasRoom()) {
        seen.offered += 1;
        device.send();
      }
    };
    for (const device of devices) more(device);
    await pause(plan.seconds * 1000);
  } else {
    let turn = 0;
    let due = 0;
    const startedAt = performance.now();
    for (;;) {
      const now = performance.now();
      if (now >= endsAt) break;
      due = ((now - startedAt) / 1000) * plan.perSecond;
      // Offered to a device that is pushed back: it does not become a report.
      let idle = 0;
      while (seen.offered < due) {
        seen.offered += 1;
        const device = devices[turn++ % devices.length];
        if (device?.hasRoom()) {
          device.send();
          idle = 0;
        } else if (++idle >= devices.length) {
          seen.offered = Math.floor(due) + 1;
        }
      }
      await pause(TICK_MS);
    }
  }
  running = false;
  more = () => undefined;
  await comesTrue(() => devices.every(({ underWay }) => underWay <= 0), LAST_ANSWERS_MS);
  for (const device of devices) {
    device.end();
    numbers.set(device.id, device.sent);
  }
  agent.destroy();
  return {
    ...seen,
    sent: devices.reduce((sum, { id, sent }) => sum + sent - (firsts.get(id) ?? 0), 0),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    perSecond: Math.round(inTime / plan.seconds),
    devices: devices.map(({ id, sent, unacknowledged }) => ({ id, sent, unacknowledged: [...unacknowledged] })),
  };
}

type Done = (device: Device, number: number, startedAt: number, taken: boolean) => void;

function openMqtt({ port, window, points }: LoadPlan, { username, password }: Credentials, _agent: Agent, done: Done): Promise<Device> {
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const parser = mqtt.parser({ protocolVersion: 4 });
  const underWay = new Map<number, { readonly number: number; readonly startedAt: number }>();
  const topic = `devices/${username}/report`;
  let lastId = 0;
  const device: Device = {
    id: username,
    sent: numbers.get(username) ?? 0,
    underWay: 0,
    unacknowledged: new Set(),
    hasRoom: () => socket.writable && !socket.writableNeedDrain && underWay.size < (window ?? PACKET_IDS - 1),
    send() {
      do lastId = (lastId % PACKET_IDS) + 1;
      while (underWay.has(lastId));
      const number = device.sent++;
      device.underWay += 1;
      device.unacknowledged.add(number);
      underWay.set(lastId, { number, startedAt: performance.now() });
      socket.write(mqtt.generate({ cmd: 'publish', topic, payload: loadPayload(number, points), qos: 1, retain: false, dup: false, messageId: lastId }));
    },
    end: () => void socket.destroy(),
  };
  socket.on('error', () => undefined);
  socket.on('close', () => {
    // What was on its way has no answer.
    device.underWay = 0;
  });
  socket.on('data', (chunk) => parser.parse(chunk));
  socket.write(
    mqtt.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: username,
      keepalive: 0,
      username,
      password: Buffer.from(password),
    }),
  );
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error(`${username} was not let in`)));
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connack') resolve(device);
      if (packet.cmd !== 'puback') return;
      const entry = underWay.get(packet.messageId ?? 0);
      if (entry === undefined) return;
      underWay.delete(packet.messageId ?? 0);
      done(device, entry.number, entry.startedAt, true);
    });
  });
}

async function openHttp({ port, window, points }: LoadPlan, { username, password }: Credentials, agent: Agent, done: Done): Promise<Device> {
  const device: Device = {
    id: username,
    sent: numbers.get(username) ?? 0,
    underWay: 0,
    unacknowledged: new Set(),
    hasRoom: () => device.underWay < (window ?? 100),
    send() {
      const number = device.sent++;
      const startedAt = performance.now();
      const body = loadPayload(number, points);
      device.underWay += 1;
      device.unacknowledged.add(number);
      const sending = request(
        {
          host: '127.0.0.1',
          port,
          agent,
          method: 'POST',
          path: `/api/v1/devices/${username}/report`,
          headers: { authorization: `Bearer ${password}`, 'content-type': 'application/json', 'content-length': body.length },
        },
        (response) => {
          response.resume();
          response.once('end', () => done(device, number, startedAt, response.statusCode === 202));
          response.once('error', () => done(device, number, startedAt, false));
        },
      );
      sending.once('error', () => done(device, number, startedAt, false));
      sending.end(body);
    },
    end: () => undefined,
  };
  return device;
}
