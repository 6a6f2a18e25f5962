import { randomUUID } from 'node:crypto';
import type { Authentication } from '../../access/access.ts';
import type { Principal } from '../../access/principal.ts';
import type { ConnectPacket } from './aedes-client.ts';
import type { MqttPorts } from './ports.ts';
import { REFUSAL, type Refusal } from './reason-codes.ts';
import { isCleanText } from './topic.ts';

const API_TOKEN = 'mst_';

export type SignIn =
  | {
      readonly ok: true;
      readonly principal: Principal;
      /** The client identifier as the client knows it. */
      readonly clientId: string;
    }
  | { readonly ok: false; readonly code: Refusal; readonly locked: boolean; readonly reason: string };

/** What can be said of a CONNECT before anybody is asked who it is. */
export function screen(ports: MqttPorts, connect: ConnectPacket): { readonly code: Refusal; readonly reason: string } | null {
  const { clientId } = connect;
  const bytesMax = ports.settings['mqtt.client-id-bytes-max'];
  if (!isCleanText(clientId)) return { code: REFUSAL.identifier, reason: 'the client identifier is no clean UTF-8' };
  if (Buffer.byteLength(clientId) > bytesMax) return { code: REFUSAL.identifier, reason: `the client identifier is longer than ${bytesMax} bytes` };
  const keepAliveMax = ports.settings['mqtt.keep-alive-max-seconds'];
  if (keepAliveMax > 0 && connect.protocolVersion < 5 && (connect.keepalive === 0 || connect.keepalive > keepAliveMax))
    return { code: REFUSAL.notAuthorized, reason: `the keep-alive must be between 1 and ${keepAliveMax} seconds` };
  return null;
}

/** Who is it? */
export async function signIn(
  ports: MqttPorts,
  connect: ConnectPacket,
  credentials: { readonly username: string | undefined; readonly password: string },
  address: string | null,
): Promise<SignIn> {
  const clientId = connect.clientId === '' ? `muster-${randomUUID()}` : connect.clientId;
  if (ports.settings['mqtt.open']) return { ok: true, principal: { kind: 'open' }, clientId };
  const { username, password } = credentials;
  if (!username) return { ok: false, code: REFUSAL.notAuthorized, locked: false, reason: 'a user name is needed: the device id or a token' };
  if (!isCleanText(username)) return { ok: false, code: REFUSAL.credentials, locked: false, reason: 'the user name is no clean UTF-8' };
  const found = await ask(ports, username, password, address);
  if (!found.ok) {
    const locked = found.code === 'locked_out';
    return { ok: false, code: locked ? REFUSAL.unavailable : REFUSAL.credentials, locked, reason: found.reason };
  }
  const { principal } = found;
  if (principal.kind === 'device' && ports.directory.device(principal.id)?.device.state !== 'active')
    return { ok: false, code: REFUSAL.notAuthorized, locked: false, reason: 'the device is disabled' };
  return { ok: true, principal, clientId };
}

/**
 * The client identifier inside its principal's own room, so that nobody takes over the session of somebody else. In
 * open mode all share one. Names hold no slash.
 */
export function sessionId(principal: Principal, clientId: string): string {
  return principal.kind === 'open' ? `open/${clientId}` : `${principal.project}/${principal.kind}/${principal.id}/${clientId}`;
}

function ask(ports: MqttPorts, username: string, password: string, address: string | null): Promise<Authentication> {
  if (password.startsWith(API_TOKEN)) return ports.authenticator.bearer(password, address);
  if (username.startsWith(API_TOKEN)) return ports.authenticator.bearer(username, address);
  return ports.authenticator.device(username, password, address);
}
