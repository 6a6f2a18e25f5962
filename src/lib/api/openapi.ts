import type { Log } from '../domain/log.ts';
import { createApiServer } from './api-server.ts';
import { allRoutes, type RoutePorts } from './routes.ts';

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The OpenAPI 3.1 document, without a running hub: the same routes and schemas that a hub serves and validates with. */
export async function openApiDocument(version: string): Promise<Record<string, unknown>> {
  // Routes look at their ports only when they are called, and nothing calls them here.
  const ports = {} as RoutePorts;
  const app = await createApiServer({
    routes: allRoutes(ports),
    authenticator: { bearer: never, device: never, user: never, certificate: never },
    authorize: () => ({ ok: false, reason: 'nothing is served' }),
    findDevice: () => never(),
    closed: () => null,
    pressure: () => null,
    onOversized: () => undefined,
    log: silent,
    payloadBytesMax: 1,
    bodiesBytesMax: 1,
    timeouts: { headersMs: 1_000, requestMs: 1_000, pressureMs: 1_000, stallMs: 1_000 },
    tls: null,
    version,
  });
  await app.ready();
  const document = app.swagger() as unknown as Record<string, unknown> & { readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> } };
  await app.close();
  const { components } = document;
  // Zod gives them in the order in which modules were loaded: another import somewhere would move half of the document.
  const schemas = Object.fromEntries(Object.entries(components?.schemas ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)));
  return { ...document, components: { ...components, schemas } };
}

function never(): never {
  throw new Error('nothing is served');
}
