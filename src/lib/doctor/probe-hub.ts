import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { codeOf, speaksNoTls, tlsReason } from '../client/failures.ts';
import { messageOf } from '../errors/muster-error.ts';

export type Stage = 'dns' | 'tcp' | 'tls' | 'http';

export interface HubProbe {
  /** The first stage that failed; null when the hub answers. */
  readonly failed: Stage | null;
  readonly text: string;
  /** What to do, where more is known than the stage. */
  readonly hint?: string;
}

/** Goes to the hub one stage at a time: name, connection, TLS, HTTP. */
export async function probeHub(url: URL, caFile: string | null, signal: AbortSignal): Promise<HubProbe> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = url.protocol === 'https:';
  const ca = caFile === null ? {} : { ca: await readFile(caFile) };
  const port = Number(url.port) || (secure ? 443 : 80);
  let stage: Stage = 'dns';
  try {
    const { address } = isIP(host) === 0 ? await lookup(host) : { address: host };
    stage = 'tcp';
    await probePort(address, port, signal);
    if (secure) {
      stage = 'tls';
      const socket = connectTls({ host: address, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ca });
      await connected(socket, 'secureConnect', signal);
    }
    stage = 'http';
    const status = await healthStatus(url, ca, signal);
    return status === 200 ? { failed: null, text: address } : { failed: stage, text: `${url.origin} answers /health/live with status ${status}` };
  } catch (error) {
    if (signal.aborted) throw error;
    if (stage === 'tls' && speaksNoTls(error)) {
      return {
        failed: stage,
        text: `${host} port ${port} speaks no TLS`,
        hint: 'Write the URL with http in place of https, or give the hub a certificate (tls.cert, tls.key).',
      };
    }
    if (stage === 'http' && !secure && codeOf(error) === 'ECONNRESET' && (await speaksTls(host, port, signal))) {
      return { failed: stage, text: `${host} port ${port} speaks TLS`, hint: 'Write the URL with https in place of http.' };
    }
    return { failed: stage, text: describe(stage, host, port, error) };
  }
}

/** Whatever its certificate: only the language is asked for. */
async function speaksTls(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return connected(connectTls({ host, port, rejectUnauthorized: false }), 'secureConnect', signal).then(
    () => true,
    () => false,
  );
}

/** Opens and closes a TCP connection. */
export async function probePort(host: string, port: number, signal: AbortSignal): Promise<void> {
  await connected(connectTcp({ host, port }), 'connect', signal);
}

function describe(stage: Stage, host: string, port: number, error: unknown): string {
  const cause = messageOf(error);
  switch (stage) {
    case 'dns':
      return `The name ${host} is not known (${cause})`;
    case 'tcp':
      return `No connection to ${host} port ${port} (${cause})`;
    case 'tls':
      return `${host} port ${port} answers, but TLS fails (${tlsReason(error)})`;
    case 'http':
      return `${host} port ${port} takes connections, but speaks no HTTP with us (${cause})`;
  }
}

function connected(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy(new Error('no answer in time'));
    };
    signal.addEventListener('abort', abort, { once: true });
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      finish();
    };
    socket.once(event, () => settle(resolve));
    socket.once('error', (error) => settle(() => reject(error)));
    socket.once('close', () => settle(() => reject(new Error('the connection was closed'))));
  });
}

function healthStatus(url: URL, ca: { readonly ca?: Buffer }, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const sent = request(new URL('health/live', `${url.href.replace(/\/+$/, '')}/`), { signal, agent: false, ...ca }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once('error', reject);
    sent.end();
  });
}
