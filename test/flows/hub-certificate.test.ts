import { X509Certificate } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { createHubClient } from '../../src/lib/client/hub-client.ts';
import { startHub } from '../helpers/hub.ts';
import { selfSigned } from '../helpers/self-signed.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

/** The fingerprint of what a listener shows now. */
function shownAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
const fingerprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256;

test('the hub takes a renewed certificate on SIGHUP and when the files change, and keeps the one before when the pair is broken', {
  timeout: 90_000,
}, async () => {
  const folder = temporaryFolder();
  const [certFile, keyFile] = [join(folder, 'hub.pem'), join(folder, 'hub.key')];
  const pairs = [selfSigned(temporaryFolder()), selfSigned(temporaryFolder()), selfSigned(temporaryFolder())] as const;
  const [first, second, third] = pairs;
  const put = (pair: (typeof pairs)[number], what: 'cert' | 'key' | 'both') => {
    if (what !== 'key') copyFileSync(pair.certFile, certFile);
    if (what !== 'cert') copyFileSync(pair.keyFile, keyFile);
  };
  put(first, 'both');
  const hub = await startHub(['--tls-cert', certFile, '--tls-key', keyFile, '--mqtts', '0']);
  const { http, mqtts } = JSON.parse(readFileSync(join(dirname(hub.dataDirectory), 'ready.json'), 'utf8')) as Record<
    'http' | 'mqtts',
    { readonly url: string }
  >;
  const ports = [http, mqtts].map(({ url }) => Number(new URL(url).port));
  const shown = () => Promise.all(ports.map(shownAt));
  const isShown = async (pair: (typeof pairs)[number]) => (await shown()).every((fingerprint) => fingerprint === fingerprintOf(pair.cert));
  expect(await isShown(first)).toBe(true);
  const open = connect({ host: '127.0.0.1', port: ports[0] ?? 0, ca: first.cert });
  const state = { closed: false };
  open.on('close', () => (state.closed = true));
  open.on('error', () => undefined);
  onTestFinished(() => void open.destroy());
  await waitUntil(() => open.authorized, 'a connection from before');

  put(second, 'cert');
  process.kill(hub.pid, 'SIGHUP');
  await waitUntil(() => hub.log().includes('the new TLS files cannot be used'), 'the log warns');
  expect(await isShown(first)).toBe(true);

  put(second, 'key');
  process.kill(hub.pid, 'SIGHUP');
  await waitUntil(() => isShown(second), 'both listeners show the second');
  expect(state.closed).toBe(false);

  put(third, 'both');
  await waitUntil(() => isShown(third), 'both listeners show the third, and nobody has asked', 30_000);
  const client = createHubClient({ url: hub.url.replace('127.0.0.1', 'localhost'), token: hub.token, ca: third.certFile });
  onTestFinished(() => client.close());
  const told = async () => {
    const events = [];
    for await (const { kind, severity, details } of client.events.list()) if (kind.startsWith('hub.certificate')) events.push({ kind, severity, ...details });
    return events;
  };
  await waitUntil(async () => (await told()).length === 3, 'the journal has all three');
  expect((await told()).reverse()).toMatchObject([
    { kind: 'hub.certificate-refused', severity: 'warning', reason: expect.stringContaining('key values mismatch') },
    { kind: 'hub.certificate-replaced', severity: null, fingerprint: fingerprintOf(second.cert).replaceAll(':', '').toLowerCase() },
    { kind: 'hub.certificate-replaced', subject: expect.stringContaining('localhost') },
  ]);
});

test('SIGHUP while the hub starts and while it stops ends nothing: what was renewed meanwhile is taken', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const [certFile, keyFile, pidFile] = [join(folder, 'hub.pem'), join(folder, 'hub.key'), join(folder, 'hub.pid')];
  const [first, second] = [selfSigned(temporaryFolder()), selfSigned(temporaryFolder())];
  const put = (pair: typeof first) => {
    copyFileSync(pair.certFile, certFile);
    copyFileSync(pair.keyFile, keyFile);
  };
  put(first);
  const starting = startHub(['--tls-cert', certFile, '--tls-key', keyFile, '--pid-file', pidFile], { alone: true });
  await waitUntil(() => existsSync(pidFile), 'the file with the process id');
  put(second);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGHUP');
  const hub = await starting;
  const { http } = JSON.parse(readFileSync(join(dirname(hub.dataDirectory), 'ready.json'), 'utf8')) as { readonly http: { readonly url: string } };
  await waitUntil(async () => (await shownAt(Number(new URL(http.url).port))) === fingerprintOf(second.cert), 'the second');
  const ended = hub.stop();
  process.kill(hub.pid, 'SIGHUP');
  expect(await ended).toBe(0);
});
