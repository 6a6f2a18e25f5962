import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { probeHub } from '../../../src/lib/doctor/probe-hub.ts';

const never = new AbortController().signal;

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a hub that answers is told with its address', async () => {
  const port = await listen(createHttpServer((request, response) => response.writeHead(request.url === '/health/live' ? 200 : 404).end()));
  expect(await probeHub(new URL(`http://127.0.0.1:${port}`), null, never)).toEqual({ failed: null, text: '127.0.0.1' });
});

test('a name that does not exist is a matter of DNS', async () => {
  const result = await probeHub(new URL('http://hub.invalid:8080'), null, never);
  expect(result).toMatchObject({ failed: 'dns', text: expect.stringContaining('hub.invalid') });
});

test('a closed port is a matter of the connection', async () => {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await probeHub(new URL(`http://127.0.0.1:${port}`), null, never)).toMatchObject({ failed: 'tcp', text: expect.stringContaining(`port ${port}`) });
});

test('plain HTTP behind an https URL is a matter of TLS', async () => {
  const port = await listen(createHttpServer((_, response) => response.end()));
  expect(await probeHub(new URL(`https://127.0.0.1:${port}`), null, never)).toEqual({
    failed: 'tls',
    text: `127.0.0.1 port ${port} speaks no TLS`,
    hint: expect.stringContaining('http in place of https'),
  });
});

test('a certificate of an unknown CA is a matter of TLS, and with the CA it is fine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '2', '-nodes', '-subj', '/CN=hub'];
  execFileSync('openssl', ['req', ...kind, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = createHttpsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) => response.writeHead(200).end());
  const url = new URL(`https://127.0.0.1:${await listen(server)}`);
  expect(await probeHub(url, null, never)).toMatchObject({ failed: 'tls', text: expect.stringContaining('certificate') });
  expect(await probeHub(url, cert, never)).toMatchObject({ failed: null });
  const plain = new URL(`http://${url.host}`);
  expect(await probeHub(plain, null, never)).toEqual({ failed: 'http', text: `127.0.0.1 port ${url.port} speaks TLS`, hint: expect.stringContaining('https') });
});

test('something that is no hub is a matter of HTTP', async () => {
  const web = await listen(createHttpServer((_, response) => response.writeHead(404).end()));
  expect(await probeHub(new URL(`http://127.0.0.1:${web}`), null, never)).toMatchObject({ failed: 'http', text: expect.stringContaining('status 404') });
  const other = await listen(createTcpServer((socket) => socket.on('error', () => {}).end('220 mail\r\n')));
  expect(await probeHub(new URL(`http://127.0.0.1:${other}`), null, never)).toMatchObject({ failed: 'http' });
});

test('a server that takes the connection and says nothing is left when the time is over', async () => {
  const silent = await listen(createTcpServer((socket) => socket.on('error', () => {})));
  await expect(probeHub(new URL(`http://127.0.0.1:${silent}`), null, AbortSignal.timeout(100))).rejects.toThrow();
});
