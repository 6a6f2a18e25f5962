import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import type { Settings } from '../../src/lib/config/settings.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { opensslAuthority, opensslRequest } from '../helpers/openssl.ts';
import { requirePeer, runPeer } from '../helpers/peers.ts';
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
    const rejects = [];
    for await (const { code, reason } of client.devices.rejects('pump')) rejects.push({ code, reason });
    expect(rejects).toContainEqual({ code: 'not_logged_in', reason: 'the certificate is revoked' });
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

describe('a revocation', () => {
  it('cuts the session that is open, and a resumed TLS session does not get around it', async () => {
    const { client, port, issued, server } = await startedHub();
    await client.devices.create({ id: 'pump' });
    await client.cas.create({ kind: 'own', id: 'ca' });
    const { cert, key, fingerprint } = await issued('pump');
    const options = { host: 'localhost', port, ca: server.cert, cert: readFileSync(cert), key: readFileSync(key) };
    const CONNECT = Buffer.from('101000044d5154540402003c000470756d70', 'hex');
    const open = (session?: Buffer) => {
      const socket = connect({ ...options, ...(session && { session }) });
      const state = { answer: '', closed: false, session: undefined as Buffer | undefined, reused: false, end: () => socket.destroy() };
      socket.on('error', () => undefined);
      socket.on('session', (ticket) => (state.session = ticket));
      socket.on('secureConnect', () => {
        state.reused = socket.isSessionReused();
        socket.write(CONNECT);
      });
      socket.on('data', (bytes: Buffer) => (state.answer ||= bytes.toString('hex')));
      socket.on('close', () => (state.closed = true));
      return state;
    };
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
