import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHubClient } from '../../src/lib/client/hub-client.ts';
import { Device, fileIdentity } from '../../src/lib/device/index.ts';
import type { DeviceOptions } from '../../src/lib/device/options.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { selfSigned } from '../helpers/self-signed.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

async function worldWithCa() {
  const server = selfSigned();
  const hub = await hubHere({ ephemeral: true, 'mqtts.port': 0, 'tls.cert': server.certFile, 'tls.key': server.keyFile });
  const client = createHubClient({ url: hub.url.replace('127.0.0.1', 'localhost'), token: hub.token, ca: server.certFile });
  await client.cas.create({ kind: 'own', id: 'ca' });
  const file = join(temporaryFolder(), 'identity.json');
  const url = (hub.mqttsUrl ?? '').replace('127.0.0.1', 'localhost');
  const options = { url, identity: fileIdentity(file), tls: { ca: readFileSync(server.certFile) }, reconnect: { firstMs: 20, longestMs: 50 } };
  const open = (more: Partial<DeviceOptions> = {}): Device => {
    const device = new Device({ ...options, ...more } as DeviceOptions);
    onTestFinished(() => device.close({ drainMs: 0 }));
    return device;
  };
  return { client, open, file, token: (await client.claims.create({ id: 'batch' })).token };
}

describe('a device that claims itself with a key of its own', () => {
  it('gets a certificate, comes back with it alone, and renews it', async () => {
    const { client, open, file, token } = await worldWithCa();
    await client.devices.create({ id: 'boiler-7', aliases: { serial: 'B-1' }, credential: 'claim' });
    const first = open({ claim: { credential: { token }, aliases: { serial: 'B-1' }, key: 'p256' } });
    await first.connect();
    await first.report({ temperature: 20 });
    await first.close();
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(kept).toMatchObject({ key: expect.stringContaining('PRIVATE KEY'), device: { id: 'boiler-7', certificate: expect.any(String) } });
    expect(kept.device.token).toBeUndefined();

    const again = open();
    await again.connect();
    await again.report({ temperature: 21 });
    await again.renew();
    await again.close();
    const renewed = JSON.parse(readFileSync(file, 'utf8'));
    expect(renewed.key).toBe(kept.key);
    expect(renewed.device.certificate).not.toBe(kept.device.certificate);
    const third = open();
    await third.connect();
    await third.report({ temperature: 22 });
    const states = async () => {
      const found: string[] = [];
      for await (const { state } of client.certificates.list({ device: 'boiler-7' })) found.push(state);
      return found.sort();
    };
    await waitUntil(async () => (await states()).join() === 'revoked,valid', 'the one before is superseded');
  });

  it('takes a key that is given, and keeps it', async () => {
    const { open, file, token } = await worldWithCa();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const device = open({ claim: { credential: { token }, id: 'valve', key: { pem } } });
    await device.connect();
    const { certificate } = JSON.parse(readFileSync(file, 'utf8')).device;
    expect(new X509Certificate(certificate).publicKey.equals(publicKey)).toBe(true);
  });

  it('is told when there is no authority, and that it needs TLS', async () => {
    const { client, open, token } = await worldWithCa();
    await client.cas.remove('ca');
    const claim = { credential: { token }, id: 'valve', key: 'ed25519' } as const;
    await expect(open({ claim }).connect({ attempts: 1 })).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('authority') });
    expect(() => open({ claim, url: 'mqtt://127.0.0.1:1' })).toThrow(expect.objectContaining({ code: 'usage' }));
    await expect(open({ claim: { ...claim, key: { pem: 'no key' } } }).connect({ attempts: 1 })).rejects.toThrow();
  });
});
