import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

export interface Address {
  readonly url: string;
  readonly port: number;
}

export async function listenHttp(api: FastifyInstance, settings: Settings): Promise<Address> {
  const { host, 'http.port': wanted } = settings;
  try {
    await api.listen({ host, port: wanted });
  } catch (error: unknown) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new MusterError('address_in_use', `another program listens on port ${wanted} (HTTP)`, {
        cause: error,
        hint: 'Choose another with --http; 0 takes a free one.',
      });
    throw new MusterError('invalid_settings', `the hub cannot listen on ${host}:${wanted}: ${messageOf(error)}`, { cause: error });
  }
  const address = api.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : wanted;
  const scheme = settings['tls.cert'] === null ? 'http' : 'https';
  // Nobody can connect to "any address": say where it can be reached from here.
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return { url: `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`, port };
}
