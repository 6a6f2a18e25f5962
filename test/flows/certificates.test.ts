import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import type { Settings } from '../../src/lib/config/settings.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { opensslAuthority, opensslRequest, type RevokedCertificate } from '../helpers/openssl.ts';
import { requirePeer, runPeer } from '../helpers/peers.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { selfSigned } from '../helpers/self-signed.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

/** A device's key and certificate as files. */
interface Papers {
  readonly cert: string;
  readonly key: string;
}

async function startedHub(settings: Partial<Settings> = {}) {
  const server = selfSigned();
  const folder = temporaryFolder();
  const hub = await hubHere({ ephemeral: true, 'mqtts.port': 0, 'tls.cert': server.certFile, 'tls.key': server.keyFile, ...settings });
  const client = createHubClient({ url: hub.url.replace('127.0.0.1', 'localhost'), token: hub.token, ca: server.certFile });
  const { port } = new URL(hub.mqttsUrl ?? '');
  const publish = (papers: Papers | null, topic: string, more: readonly string[] = []) =>
    runPeer('mosquitto_pub', [
      ...['-h', 'localhost', '-p', port, '--cafile', server.certFile, '-q', '1', '-t', topic, '-m', '{"temperature":21}', ...more],
      ...(papers === null ? [] : ['--cert', papers.cert, '--key', papers.key]),
    ]).exited;
  const issued = async (device: string): Promise<Papers & { fingerprint: string }> => {
    const request = opensslRequest(`/CN=${device}`);
    const { certificate, fingerprint } = await client.certificates.issue({ device, csr: request.pem });
    const cert = join(folder, `${device}.pem`);
    writeFileSync(cert, certificate);
    return { cert, key: request.keyFile, fingerprint };
  };
  return { hub, client, server, port: Number(port), publish, issued };
}

async function reports(client: HubClient, device: string): Promise<number> {
  return (await client.devices.show(device)).counters.accepted;
}

describe('mosquitto_pub with a certificate', () => {
  it('of the hub’s own authority is let in, without a user name, until the certificate is revoked', async (context) => {
    requirePeer('mosquitto_pub', context);
    const { client, publish, issued } = await startedHub();
    await client.devices.create({ id: 'pump' });
    await client.devices.create({ id: 'other' });
    await client.cas.create({ kind: 'own', id: 'ca' });
    const papers = await issued('pump');
    expect(await publish(papers, 'devices/pump/report')).toMatchObject({ code: 0 });
    expect(await reports(client, 'pump')).toBe(1);
    await publish(papers, 'devices/other/report');
    expect(await reports(client, 'other')).toBe(0);
    expect((await publish(null, 'devices/pump/report')).code).not.toBe(0);
    expect((await publish(papers, 'devices/pump/report', ['-u', 'other'])).code).not.toBe(0);
    await client.certificates.revoke(papers.fingerprint, 'key-compromise');
    expect((await publish(papers, 'devices/pump/report')).code).not.toBe(0);
    expect(await reports(client, 'pump')).toBe(1);
    // What was rejected is written behind the answer.
    const isTold = async () => {
      for await (const { code, reason } of client.devices.rejects('pump')) if (code === 'not_logged_in' && reason === 'the certificate is revoked') return true;
      return false;
    };
    await waitUntil(isTold, 'the rejected log-in is in the list');
  });

  it('of an openssl authority is let in once that is registered, and no more when it is removed', async (context) => {
    requirePeer('mosquitto_pub', context);
    const { client, publish } = await startedHub();
    await client.devices.create({ id: 'meter', aliases: { serial: 'SN 0042' } });
    const factory = opensslAuthority('/O=Factory/CN=Devices', { key: 'rsa' });
    const { file: cert, keyFile: key } = factory.issue('/O=Factory/CN=SN 0042', { key: 'rsa' });
    const papers = { cert, key };
    expect((await publish(papers, 'devices/meter/report')).code).not.toBe(0);
    const { proof } = await client.cas.create({ kind: 'external', id: 'factory', certificate: factory.pem, identity: 'cn:{serial}' });
    expect((await publish(papers, 'devices/meter/report')).code).not.toBe(0);
    await client.cas.prove('factory', factory.issue(`/CN=${proof}`).pem);
    expect(await publish(papers, 'devices/meter/report')).toMatchObject({ code: 0 });
    expect(await reports(client, 'meter')).toBe(1);
    await client.cas.remove('factory');
    expect((await publish(papers, 'devices/meter/report')).code).not.toBe(0);
  });
});

describe('a revocation list of an openssl authority', () => {
  it('refuses mosquitto_pub while it names the certificate, also after a restart, and lets it in when a newer one does not', async (context) => {
    requirePeer('mosquitto_pub', context);
    const [folder, data] = [temporaryFolder(), join(temporaryFolder(), 'data')];
    let { hub, client, publish, server } = await startedHub({ ephemeral: false, data });
    await client.devices.create({ id: 'meter' });
    const factory = opensslAuthority('/O=Factory/CN=Devices', { key: 'rsa' });
    const { file: cert, keyFile: key, pem } = factory.issue('/CN=meter', { key: 'rsa' });
    const papers = { cert, key };
    await client.cas.create({ kind: 'external', id: 'factory', certificate: factory.pem, trusted: true });
    expect(await publish(papers, 'devices/meter/report')).toMatchObject({ code: 0 });
    const importing = (number: string, ...revoked: readonly RevokedCertificate[]) => {
      const file = join(folder, `${number}.crl`);
      writeFileSync(file, factory.revocationList(revoked, { number }));
      const env = { ...process.env, MUSTER_URL: hub.url.replace('127.0.0.1', 'localhost'), MUSTER_TOKEN: hub.token, NODE_EXTRA_CA_CERTS: server.certFile };
      return runMuster(['ca', 'crl', 'import', 'factory', file, '--json'], { env });
    };
    const onHold = { certificate: pem, reason: 'certificateHold' };
    const first = await importing('01', onHold, 'AB12');
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toMatchObject({ ca: 'factory', number: '1', state: 'current', entries: 2, certificates: 1, repeated: false });
    expect((await publish(papers, 'devices/meter/report')).code).not.toBe(0);
    await hub.stop();

    ({ hub, client, publish, server } = await startedHub({ ephemeral: false, data }));
    expect((await publish(papers, 'devices/meter/report')).code).not.toBe(0);
    expect(await client.cas.show('factory')).toMatchObject({ revocationList: { number: '1', state: 'current', entries: 2 } });
    // It counts from the start of the hub.
    expect(await reports(client, 'meter')).toBe(0);
    expect(await importing('02', 'AB12')).toMatchObject({ code: 0 });
    expect(await publish(papers, 'devices/meter/report')).toMatchObject({ code: 0 });
    expect(await reports(client, 'meter')).toBe(1);
    // An older one does not bring the revocation back.
    expect(await importing('01', onHold)).toMatchObject({ code: 5, stderr: expect.stringContaining('not newer') });
    expect(await publish(papers, 'devices/meter/report')).toMatchObject({ code: 0 });
  });

  it('cuts the session that is open, and only while it is on the list is the device refused', async () => {
    const { client, port, server } = await startedHub();
    await client.devices.create({ id: 'pump' });
    const factory = opensslAuthority('/CN=Factory');
    const papers = factory.issue('/CN=pump');
    await client.cas.create({ kind: 'external', id: 'factory', certificate: factory.pem, trusted: true });
    const open = () => openSession({ host: 'localhost', port, ca: server.cert, cert: papers.pem, key: papers.key });
    const first = open();
    await waitUntil(() => first.answer !== '', 'the device is let in');
    expect(first.answer).toBe('20020000');
    await client.cas.importRevocationList('factory', Buffer.from(factory.revocationList([papers.pem])));
    await waitUntil(() => first.closed, 'the session is cut');
    const second = open();
    await waitUntil(() => second.answer !== '', 'there is an answer');
    expect(second.answer).toBe('20020004');
    await client.cas.importRevocationList('factory', Buffer.from(factory.revocationList([], { number: '02' })));
    const third = open();
    await waitUntil(() => third.answer !== '', 'there is an answer');
    expect(third.answer).toBe('20020000');
  });

  it('that is larger than the hub takes is refused unread', async () => {
    const { client } = await startedHub({ 'limits.payload-bytes-max': 20_000 });
    const factory = opensslAuthority('/CN=Factory');
    await client.cas.create({ kind: 'external', id: 'factory', certificate: factory.pem, trusted: true });
    await expect(client.cas.importRevocationList('factory', Buffer.alloc(20_001))).rejects.toMatchObject({ code: 'payload_too_large' });
    await client.cas.importRevocationList('factory', Buffer.from(factory.revocationList(['01'])));
  });
});

/** MQTT 3.1.1 by hand, as `pump`: what is answered, and whether TLS resumed a session. */
function openSession(options: ConnectionOptions, session?: Buffer) {
  const CONNECT = Buffer.from('101000044d5154540402003c000470756d70', 'hex');
  const socket = connect({ ...options, ...(session && { session }) });
  const state = { answer: '', closed: false, session: undefined as Buffer | undefined, reused: false, end: () => socket.destroy() };
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.on('session', (ticket) => (state.session = ticket));
  socket.on('secureConnect', () => {
    state.reused = socket.isSessionReused();
    socket.write(CONNECT);
  });
  socket.on('data', (bytes: Buffer) => (state.answer ||= bytes.toString('hex')));
  socket.on('close', () => (state.closed = true));
  return state;
}

describe('a TLS session', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('of %s is resumed after a restart of the hub, and lets nobody in whose certificate is revoked', async (version) => {
    const data = join(temporaryFolder(), 'data');
    const settings = { ephemeral: false, data };
    const before = await startedHub(settings);
    await before.client.devices.create({ id: 'pump' });
    await before.client.cas.create({ kind: 'own', id: 'ca' });
    const { cert, key, fingerprint } = await before.issued('pump');
    const papers = { cert: readFileSync(cert), key: readFileSync(key), minVersion: version, maxVersion: version };
    const first = openSession({ host: 'localhost', port: before.port, ca: before.server.cert, ...papers });
    await waitUntil(() => first.answer !== '' && first.session !== undefined, 'the device is let in');
    expect([first.reused, first.answer]).toEqual([false, '20020000']);
    expect(statSync(join(data, 'tls-session-key.json')).mode & 0o777).toBe(0o600);
    await before.hub.stop();

    const again = await startedHub({ ...settings, 'tls.cert': before.server.certFile, 'tls.key': before.server.keyFile });
    const options = { host: 'localhost', port: again.port, ca: before.server.cert, ...papers };
    const second = openSession(options, first.session);
    await waitUntil(() => second.answer !== '', 'the hub that came back answers');
    expect([second.reused, second.answer]).toEqual([true, '20020000']);
    const client = createHubClient({ url: again.hub.url.replace('127.0.0.1', 'localhost'), token: again.hub.token, ca: before.server.certFile });
    await client.certificates.revoke(fingerprint, 'key-compromise');
    await waitUntil(() => second.closed, 'the session is cut');
    await again.hub.stop();

    const last = await startedHub({ ...settings, 'tls.cert': before.server.certFile, 'tls.key': before.server.keyFile });
    const third = openSession({ ...options, port: last.port }, first.session);
    await waitUntil(() => third.answer !== '', 'there is an answer');
    expect([third.reused, third.answer]).toEqual([true, '20020004']);
  });

  it('without a certificate is not resumed where clients are asked for one', async () => {
    const data = join(temporaryFolder(), 'data');
    const before = await startedHub({ ephemeral: false, data, 'tls.client-certificates': false });
    const first = openSession({ host: 'localhost', port: before.port, ca: before.server.cert });
    await waitUntil(() => first.session !== undefined, 'there is a session');
    await before.hub.stop();
    const files = { 'tls.cert': before.server.certFile, 'tls.key': before.server.keyFile };
    const again = await startedHub({ ephemeral: false, data, ...files });
    const second = openSession({ host: 'localhost', port: again.port, ca: before.server.cert }, first.session);
    await waitUntil(() => second.answer !== '', 'there is an answer');
    expect(second.reused).toBe(false);
  });
});

describe('a revocation', () => {
  it('cuts the session that is open, and a resumed TLS session does not get around it', async () => {
    const { client, port, issued, server } = await startedHub();
    await client.devices.create({ id: 'pump' });
    await client.cas.create({ kind: 'own', id: 'ca' });
    const { cert, key, fingerprint } = await issued('pump');
    const options = { host: 'localhost', port, ca: server.cert, cert: readFileSync(cert), key: readFileSync(key) };
    const open = (session?: Buffer) => openSession(options, session);
    const first = open();
    await waitUntil(() => first.answer !== '' && first.session !== undefined, 'the device is let in');
    expect(first.answer).toBe('20020000');
    await client.certificates.revoke(fingerprint, 'key-compromise');
    await waitUntil(() => first.closed, 'the session is cut');
    const second = open(first.session);
    await waitUntil(() => second.answer !== '', 'there is an answer');
    expect([second.reused, second.answer]).toEqual([true, '20020004']);
    second.end();
  });
});

describe('a certificate over a WebSocket', () => {
  it('lets its device in, and is refused once it is revoked', async () => {
    const { hub, client, server, issued } = await startedHub();
    await client.devices.create({ id: 'pump' });
    await client.cas.create({ kind: 'own', id: 'ca' });
    const { cert, key, fingerprint } = await issued('pump');
    const url = `${hub.url.replace('https', 'wss').replace('127.0.0.1', 'localhost')}/mqtt`;
    const connectOnce = async (): Promise<number | string> => {
      const { connectAsync } = await import('mqtt');
      const wsOptions = { ca: server.cert, cert: readFileSync(cert), key: readFileSync(key) };
      const session = await connectAsync(url, { reconnectPeriod: 0, wsOptions, clientId: 'p' }).catch((error: Error) => error.message);
      if (typeof session === 'string') return session;
      await session.publishAsync('devices/pump/report', '{"temperature":21}', { qos: 1 });
      await session.endAsync(true);
      return 0;
    };
    expect(await connectOnce()).toBe(0);
    expect(await reports(client, 'pump')).toBe(1);
    await client.certificates.revoke(fingerprint, 'unspecified');
    expect(await connectOnce()).toMatch(/refused|Not authorized|Bad username/i);
  });
});

describe('a device renews its certificate', () => {
  it('over MQTT, in the place of the one that it came with', async () => {
    const { client, server, port, issued } = await startedHub();
    await client.devices.create({ id: 'pump' });
    await client.cas.create({ kind: 'own', id: 'ca' });
    const { cert, key, fingerprint } = await issued('pump');
    const { connectAsync } = await import('mqtt');
    const connectWith = (papers: { cert: string | Buffer; key: string | Buffer }) =>
      connectAsync({ host: 'localhost', port, protocol: 'mqtts', ca: server.cert, reconnectPeriod: 0, clientId: 'p', ...papers });
    const session = await connectWith({ cert: readFileSync(cert), key: readFileSync(key) });
    const answers: Record<string, unknown>[] = [];
    session.on('message', (_, payload) => void answers.push(JSON.parse(payload.toString())));
    await session.subscribeAsync('devices/pump/renew/result');
    const request = opensslRequest('/CN=pump', { key: 'ed25519' });
    await session.publishAsync('devices/pump/renew', JSON.stringify({ id: '1', csr: request.pem }), { qos: 1 });
    await session.publishAsync('devices/pump/renew', JSON.stringify({ id: '2', csr: opensslRequest('/CN=other').pem }), { qos: 1 });
    await session.publishAsync('devices/pump/renew', JSON.stringify({ id: '3' }), { qos: 1 });
    await waitUntil(() => answers.length === 3, 'there are answers');
    expect(answers).toMatchObject([
      { id: '1', ok: true, certificate: expect.stringContaining('BEGIN CERTIFICATE') },
      { id: '2', ok: false, code: 'invalid' },
      { id: '3', ok: false, code: 'not_allowed' },
    ]);
    await session.endAsync(true);
    const renewed = await connectWith({ cert: String(answers[0]?.certificate), key: request.key });
    await renewed.publishAsync('devices/pump/report', '{"temperature":21}', { qos: 1 });
    await waitUntil(async () => (await client.certificates.show(fingerprint)).state === 'revoked', 'the old one ends');
    await renewed.endAsync(true);
    await expect(connectWith({ cert: readFileSync(cert), key: readFileSync(key) })).rejects.toThrow();
  });
});

describe('a certificate of a claim', () => {
  it('brings in the device that it names and no other, which then is let in with it', async () => {
    const { hub, client, server } = await startedHub();
    await client.claims.create({ id: 'batch', devicesMax: 1 });
    const factory = opensslAuthority('/CN=Factory');
    await client.cas.create({ kind: 'external', id: 'factory', certificate: factory.pem, claim: 'batch', identity: 'cn:{serial}', trusted: true });
    const papers = factory.issue('/CN=SN-1');
    const ask = async (path: string, body: object) => {
      const { request } = await import('node:https');
      return new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
        const url = `${hub.url.replace('127.0.0.1', 'localhost')}/api/v1${path}`;
        const headers = { 'content-type': 'application/json' };
        const sent = request(url, { method: 'POST', headers, ca: server.cert, cert: papers.pem, key: papers.key, agent: false }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }));
        });
        sent.on('error', reject);
        sent.end(JSON.stringify(body));
      });
    };
    expect(await ask('/claim', { id: 'gw', aliases: { serial: 'SN-2' } })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('is one of the serial "SN-1"') },
    });
    expect(await ask('/claim', { id: 'gw' })).toMatchObject({ status: 201, body: { device: 'gw' } });
    expect((await client.devices.show('gw')).aliases).toEqual({ serial: 'SN-1' });
    expect(await ask('/devices/gw/report', { temperature: 21 })).toMatchObject({ status: 202 });
    expect(await ask('/claim', { id: 'again', aliases: { serial: 'SN-1' } })).toMatchObject({ status: 403 });
  });
});
