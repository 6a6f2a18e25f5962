import { randomUUID } from 'node:crypto';
import type { Authentication } from '../../access/access.ts';
import type { Principal } from '../../access/principal.ts';
import type { PeerCertificate } from '../../certificates/authority.ts';
import { isInService, outOfServiceReason } from '../../domain/device.ts';
import type { ConnectPacket } from './codec/packet.ts';
import { REASON, type ReasonCode } from './codec/reason-codes.ts';
import type { MqttPorts, RefusalCounter } from './ports.ts';

const API_TOKEN = 'mst_';
/** A token says who it belongs to: it may stand alone, as the user name. */
const TOKEN = /^ms[a-z]_/;
/** A device asks for its identity and comes again with it: no connection of a claim is needed for longer. */
const CLAIM_CONNECTION_MS = 600_000;

export interface Identity {
  readonly principal: Principal;
  /** ms since 1970; null: as long as nobody takes it away. */
  readonly accessEndsAt: number | null;
}
export type SignIn =
  | ({ readonly ok: true } & Identity)
  | { readonly ok: false; readonly code: ReasonCode; readonly reason: string /** Whose certificate it was. */; readonly device?: string | undefined };

/** Where a client comes from, and what it showed there. */
export interface Newcomer {
  readonly address: string | null;
  readonly certificate: PeerCertificate | null;
}

interface Objection {
  readonly code: ReasonCode;
  readonly reason: string;
  readonly counter: RefusalCounter;
}

/** What can be said of a CONNECT before anybody is asked who it is. */
export function screen(ports: MqttPorts, { clientId, clean, version, keepAlive, properties }: ConnectPacket): Objection | null {
  const bytesMax = ports.settings['mqtt.client-id-bytes-max'];
  if (Buffer.byteLength(clientId) > bytesMax)
    return { code: REASON.identifierNotValid, reason: `the client identifier is longer than ${bytesMax} bytes`, counter: 'refusedIdentifier' };
  // [MQTT-3.1.3-8] of 3.1.1; in 3.1 an identifier is never empty.
  if (clientId === '' && (version === 3 || (version === 4 && !clean)))
    return { code: REASON.identifierNotValid, reason: 'the client identifier is empty', counter: 'refusedIdentifier' };
  // [MQTT-4.12.0-1]
  if (properties.authenticationMethod !== undefined)
    return { code: REASON.badAuthenticationMethod, reason: 'there are no authentication methods beyond user name and password', counter: 'refusedProtocol' };
  const keepAliveMax = ports.settings['mqtt.keep-alive-max-seconds'];
  if (keepAliveMax > 0 && version < 5 && (keepAlive === 0 || keepAlive > keepAliveMax))
    return { code: REASON.notAuthorized, reason: `the keep-alive must be between 1 and ${keepAliveMax} seconds`, counter: 'refusedProtocol' };
  return null;
}

/** Who is it? With a password, whose that is; else whose certificate. */
export async function signIn(ports: MqttPorts, connect: ConnectPacket, { address, certificate }: Newcomer): Promise<SignIn> {
  if (ports.settings['mqtt.open']) return { ok: true, principal: { kind: 'open' }, accessEndsAt: null };
  const username = connect.username ?? '';
  const password = connect.password?.toString('utf8') ?? '';
  const shown = password === '' && !TOKEN.test(username) ? certificate : null;
  if (username === '' && shown === null) return { ok: false, code: REASON.notAuthorized, reason: 'a user name is needed: the device id or a token' };
  const found = await (shown === null ? ask(ports, username, password, address) : ports.authenticator.certificate(shown, address));
  if (!found.ok) {
    // In MQTT 3.1.1, "server unavailable" is the nearest to being locked out.
    const code = found.code === 'locked_out' ? REASON.quotaExceeded : REASON.badCredentials;
    return { ok: false, code, reason: found.reason, device: found.device ?? undefined };
  }
  const { principal } = found;
  if (shown !== null && username !== '' && principal.kind === 'device' && username !== principal.id)
    return { ok: false, code: REASON.badCredentials, reason: `the certificate is one of ${principal.id}, and the user name is another`, device: principal.id };
  const state = principal.kind === 'device' ? (ports.directory.device(principal.id)?.device.state ?? 'retired') : 'active';
  if (!isInService(state)) return { ok: false, code: REASON.notAuthorized, reason: `the device ${outOfServiceReason(state)}` };
  const expiresAt = found.expiresAt ?? null;
  if (principal.kind !== 'claim') return { ok: true, principal, accessEndsAt: expiresAt };
  return { ok: true, principal, accessEndsAt: Math.min(expiresAt ?? Number.POSITIVE_INFINITY, ports.clock() + CLAIM_CONNECTION_MS) };
}

/**
 * The client identifier inside its principal's own room, so that nobody takes over the session of somebody else. In
 * open mode all share one. Names hold no slash. Devices with the same claim are strangers to each other, and their firmware may give all of them the same
 * identifier: each connection has a session of its own.
 */
export function sessionId(principal: Principal, clientId: string): string {
  if (principal.kind === 'claim') return `${principal.project}/claim/${principal.id}/${randomUUID()}`;
  return principal.kind === 'open' ? `open/${clientId}` : `${principal.project}/${principal.kind}/${principal.id}/${clientId}`;
}

function ask(ports: MqttPorts, username: string, password: string, address: string | null): Promise<Authentication> {
  if (password.startsWith(API_TOKEN)) return ports.authenticator.bearer(password, address);
  if (username.startsWith(API_TOKEN)) return ports.authenticator.bearer(username, address);
  return ports.authenticator.device(username, password, address);
}
