import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

describe('muster serve', () => {
  it('logs the local user in, says once how to log in from elsewhere, and keeps it all over a restart', async () => {
    const hub = await startHub([], { alone: true });
    const password = /password: (\S+)/.exec(hub.log())?.[1];
    expect(password).toBeTruthy();
    const env = { ...process.env, MUSTER_CONFIG_DIR: hub.env.MUSTER_CONFIG_DIR };
    expect(await runMuster(['device', 'create', 'kept'], { env })).toMatchObject({ code: 0 });
    await apiOf(hub.url, hub.token)('POST', '/devices/kept/report', { a: 1 });
    expect(statSync(join(hub.dataDirectory, 'hub.pid')).isFile()).toBe(true);
    expect(await hub.stop()).toBe(0);
    expect(existsSync(join(hub.dataDirectory, 'hub.pid'))).toBe(false);

    const again = await hub.restart();
    expect(again.log()).not.toContain('password');
    // Whoever worked with the hub goes on with the same token.
    expect((await apiOf(again.url, hub.token)('GET', '/whoami')).status).toBe(200);
    const shown = await runMuster(['device', 'show', 'kept', '--json'], { env });
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: 'kept', points: 1 });
    const login = await apiOf(again.url, null)('POST', '/sessions', { user: 'admin', password });
    expect(login.status).toBe(201);
  });

  it('refuses a second hub on the same directory and leaves the first alone', async () => {
    const hub = await startHub([], { alone: true });
    const second = await runMuster(['serve', '--data', hub.dataDirectory, '--http', '0', '--mqtt', '0', '--json']);
    expect(second.code).toBe(5);
    expect(JSON.parse(second.stderr).error.code).toBe('hub_running');
    expect((await apiOf(hub.url, null)('GET', '/health/ready')).status).toBe(200);
  });

  it('refuses a port that is taken, and settings that contradict each other', async () => {
    const hub = await startHub([], { alone: true });
    const { port } = new URL(hub.url);
    const taken = await runMuster(['serve', '--ephemeral', '--http', port, '--mqtt', '0']);
    expect(taken).toMatchObject({ code: 5, stderr: expect.stringContaining(port) });
    const open = await runMuster(['serve', '--ephemeral', '--mqtt-open', '--host', '0.0.0.0', '--allow-insecure']);
    expect(open).toMatchObject({ code: 2, stderr: expect.stringContaining('mqtt.open') });
    const exposed = await runMuster(['serve', '--ephemeral', '--host', '0.0.0.0']);
    expect(exposed).toMatchObject({ code: 2, stderr: expect.stringContaining('tls.cert') });
  });

  it('says so when the data directory cannot be made', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const below = await runMuster(['serve', '--data', join(folder, 'file', 'data'), '--http', '0', '--mqtt', '0', '--json']);
    expect(below.code).toBe(1);
    expect(JSON.parse(below.stderr).error).toMatchObject({ code: 'storage_failed', hint: expect.stringContaining('--data') });
    if (process.platform === 'linux') expect((await runMuster(['serve', '--data', '/proc/muster/data', '--http', '0', '--mqtt', '0'])).code).toBe(1);
  });

  it('loses nothing that was acknowledged when it is killed', async () => {
    const hub = await startHub([], { alone: true });
    const { body } = await apiOf(hub.url, hub.token)('POST', '/devices', { id: 'survivor', credential: 'token' });
    const client = mqtt.connect(hub.mqttUrl, { username: 'survivor', password: body.credential.secret, reconnectPeriod: 0 });
    onTestFinished(() => void client.end(true));
    client.on('error', () => undefined);
    const closed = new Promise<void>((done) => client.once('close', done));
    await new Promise((done) => client.once('connect', done));
    const acknowledged: number[] = [];
    const base = Date.now() - 50_000;
    let sequence = 0;
    const publishing = Array.from({ length: 20 }, async () => {
      while (client.connected) {
        const number = sequence++;
        const published = new Promise<void>((done) => {
          client.publish('devices/survivor/report', JSON.stringify({ ts: base + number, values: { number } }), { qos: 1 }, (error) => {
            if (!error) acknowledged.push(number);
            done();
          });
        });
        // What was on its way when the hub died is never answered.
        await Promise.race([published, closed]);
      }
    });
    while (acknowledged.length < 500) await new Promise((done) => setTimeout(done, 5));
    await hub.stop('SIGKILL');
    client.end(true);
    await Promise.all(publishing);
    const again = await hub.restart();
    const stored = new Set<number>();
    let cursor = '';
    do {
      const page = (await apiOf(again.url, again.token)('GET', `/devices/survivor/samples?point=number&limit=10000${cursor && `&cursor=${cursor}`}`)).body;
      for (const { value } of page.items) {
        expect(stored.has(value)).toBe(false);
        stored.add(value);
      }
      cursor = page.cursor ?? '';
    } while (cursor !== '');
    expect(acknowledged.filter((number) => !stored.has(number))).toEqual([]);
  }, 60_000);

  it('serves HTTP and MQTT over TLS', async () => {
    const folder = temporaryFolder();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
      ],
      { stdio: 'ignore' },
    );
    const hub = await startHub(['--tls-cert', cert, '--tls-key', key, '--mqtts', '0', '--mqtt', 'null'], { alone: true });
    expect(hub.url).toMatch(/^https:/);
    const whoami = await runMuster(['whoami', '--json'], { env: { ...hub.env, NODE_EXTRA_CA_CERTS: cert } });
    expect(JSON.parse(whoami.stdout).hub.mqttUrl).toMatch(/^mqtts:/);
    // Whoever started it is logged in at once: the local context trusts the certificate that signs itself.
    const { MUSTER_URL: _url, MUSTER_TOKEN: _token, ...local } = hub.env;
    expect(await runMuster(['whoami', '--json'], { env: local })).toMatchObject({ code: 0, stderr: '' });
    const refused = await runMuster(['whoami'], { env: { ...hub.env, MUSTER_CONFIG_DIR: join(folder, 'nobody') } });
    expect(refused.code).toBe(6);
    const client = mqtt.connect(JSON.parse(whoami.stdout).hub.mqttUrl, { username: 'x', password: hub.token, ca: readFileSync(cert), reconnectPeriod: 0 });
    onTestFinished(() => void client.end(true));
    await new Promise((done, reject) => client.once('connect', done).once('error', reject));
  });

  it('lets anybody in with --mqtt-open, and says so loudly', async () => {
    const hub = await startHub(['--mqtt-open']);
    expect(hub.log()).toContain('WARNING');
    const client = mqtt.connect(hub.mqttUrl, { reconnectPeriod: 0, protocolVersion: 5 });
    onTestFinished(() => void client.end(true));
    await client.subscribeAsync('any/+');
    const received = new Promise((done) => client.once('message', (topic, payload) => done([topic, String(payload)])));
    await client.publishAsync('any/topic', 'hello', { qos: 2 });
    expect(await received).toEqual(['any/topic', 'hello']);
  });
});
