// Fifty thousand points that cross a limit at once, 10 in each message, over MQTT QoS 1 and to the disk: messages per second against quiet ones, loop delay, memory.
// Run: npm run build && node bench/alarms/storm.mjs [--points 50000] [--url <hub> --token <token>]
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';

const { values: given } = parseArgs({ options: { points: { type: 'string', default: '50000' }, window: { type: 'string', default: '50' } } });
const POINTS_OF_DEVICE = 500;
const POINTS_OF_MESSAGE = 10;
const devices = Math.ceil(Number(given.points) / POINTS_OF_DEVICE);
const folder = await mkdtemp(join(tmpdir(), 'muster-bench-storm-'));
const readyFile = join(folder, 'ready.json');
const muster = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const args = [muster, 'serve', '--data', join(folder, 'data'), '--http', '0', '--mqtt', '0', '--log-level', 'warn', '--ready-file', readyFile];
const hub = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, MUSTER_CONFIG_DIR: folder } });
try {
  const ready = await until(async () => JSON.parse(await readFile(readyFile, 'utf8')));
  const api = async (method, path, body) => {
    const headers = { authorization: `Bearer ${ready.token}`, 'content-type': 'application/json' };
    const response = await fetch(`${ready.http.url}/api/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (response.status >= 300) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { credential } = await api('POST', '/devices', { id: 'gw', kind: 'gateway', credential: 'token' });
  for (let device = 0; device < devices; device += 1) await api('POST', '/devices', { id: `d${device}`, parent: 'gw' });
  const client = await mqtt.connectAsync(ready.mqtt.url, { username: 'gw', password: credential.secret, protocolVersion: 5, reconnectPeriod: 0 });
  client.on('close', () => process.stderr.write('the connection is closed\n'));
  const round = async (what, value) => {
    const messages = [];
    for (let device = 0; device < devices; device += 1) {
      for (let from = 0; from < POINTS_OF_DEVICE; from += POINTS_OF_MESSAGE) {
        const values = Object.fromEntries(Array.from({ length: POINTS_OF_MESSAGE }, (_, at) => [`p${from + at}`, value]));
        messages.push([`devices/d${device}/report`, JSON.stringify(values)]);
      }
    }
    const cpuBefore = await cpuMs();
    const began = performance.now();
    let next = 0;
    let longestMs = 0;
    const one = async () => {
      while (next < messages.length) {
        const [topic, payload] = messages[next++];
        const sent = performance.now();
        await client.publishAsync(topic, payload, { qos: 1 });
        longestMs = Math.max(longestMs, performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: Number(given.window) }, one));
    const seconds = (performance.now() - began) / 1000;
    const { alarms, process: own } = await api('GET', '/status');
    const cpu = (await cpuMs()) - cpuBefore;
    process.stdout.write(
      `${what}: ${(messages.length / seconds).toFixed(0)} messages/s, ${((cpu * 1000) / messages.length).toFixed(0)} µs of processor for each, longest answer ${longestMs.toFixed(0)} ms, ` +
        `loop late by ${own.eventLoopDelayMaxMs.toFixed(0)} ms at most, ${(own.memoryBytes / 1e6).toFixed(0)} MB, ${alarms.alarmsLive} alarms live, ${alarms.uncommitted} events not on disk\n`,
    );
  };
  await round('new points', 20);
  await api('POST', '/rules', { id: 'hot', scope: { points: '*' }, when: { bands: [{ level: 'major', high: 80 }] }, requiresAck: false });
  for (let times = 0; times < 3; times += 1) await round('quiet', 20 + times);
  await round('all over the limit', 90);
  await round('still over it', 91);
  await round('all normal again', 20);
  await round('quiet', 21);
  await client.endAsync(true);
} finally {
  hub.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

async function cpuMs() {
  const stat = await readFile(`/proc/${hub.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function until(attempt) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > 1_000) throw error;
      await pause(50);
    }
  }
}
