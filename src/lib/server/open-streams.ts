import type { IncomingMessage } from 'node:http';
import { authorize } from '../access/authorize.ts';
import type { Principal } from '../access/principal.ts';
import type { Action } from '../access/roles.ts';
import { authenticate } from '../api/authentication.ts';
import { subscribeToCommands } from '../api/command-feed.ts';
import { subscribeToDevices } from '../api/device-feed.ts';
import { subscribeToEvents } from '../api/event-feed.ts';
import { subscribeToSamples } from '../api/sample-feed.ts';
import { type Feed, serveSubscriber } from '../api/stream-socket.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Foundation } from './foundation.ts';
import type { Core } from './open-core.ts';
import type { DevicesDoor } from './open-devices.ts';
import type { StreamDoor } from './web-sockets.ts';

type Subscriber = Exclude<Principal, { kind: 'open' }>;

/** The live streams by their paths: who may watch, and for how long. */
export function openStreams(ports: Foundation & { readonly core: Core; readonly devices: DevicesDoor }): Readonly<Record<string, StreamDoor>> {
  const { settings, storage, core, devices, clock } = ports;
  const { directory, latestKnown } = storage;
  const { access, stream, seats } = core;
  const { fleet, search, render } = devices;
  const { authenticator, accounts, deviceCredentials } = access;
  return {
    '/stream': streamDoor('sample:read', (request, principal, onReady) => subscribeToSamples({ fleet, directory, stream }, request, principal, onReady)),
    '/stream/devices': streamDoor('device:read', (request, principal, onReady) =>
      subscribeToDevices({ directory, search, render, latestKnown, seats, clock }, request, principal, onReady),
    ),
    '/stream/commands': streamDoor('command:read', (request, principal, onReady) =>
      subscribeToCommands({ fleet, directory, stream: core.asking.stream }, request, principal, onReady),
    ),
    '/stream/events': streamDoor('event:read', (request, { project }, onReady) =>
      subscribeToEvents({ fleet, stream: core.events.stream }, request, project, onReady),
    ),
  };

  function streamDoor(action: Action, subscribe: (request: IncomingMessage, principal: Subscriber, onReady: () => void) => Feed): StreamDoor {
    return {
      authenticate: (request) => admit(request, action),
      serve: (socket, request, principal) =>
        serveSubscriber(socket, {
          subscribe: (onReady) => subscribe(request, principal, onReady),
          clock,
          stallMs: settings['limits.stream-stall-ms'],
          stillAllowed: async () => void (await admit(request, action)),
          onAccessChanged: (changed) =>
            principal.kind === 'device'
              ? deviceCredentials.onCredentialsChanged(
                  (device, credential) => device === principal.id && (credential ?? principal.credential) === principal.credential && changed(),
                )
              : accounts.onTokenRevoked((token) => token === (principal.kind === 'user' ? principal.token : principal.id) && changed()),
        }),
    };
  }

  async function admit(request: IncomingMessage, action: Action): Promise<Subscriber> {
    const principal = await authenticate(authenticator, request, request.socket.remoteAddress ?? null);
    if (principal.kind === 'open') throw new MusterError('not_logged_in', 'the request carries no credentials');
    const own = principal.kind === 'device' ? { device: principal.id, parent: directory.device(principal.id)?.device.parent ?? null } : {};
    const verdict = authorize(principal, action, { project: principal.project, ...own });
    if (!verdict.ok) throw new MusterError('not_allowed', verdict.reason);
    return principal;
  }
}
