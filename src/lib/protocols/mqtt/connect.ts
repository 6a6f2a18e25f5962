import { randomUUID } from 'node:crypto';
import type { Principal } from '../../access/principal.ts';
import { messageOf } from '../../errors/muster-error.ts';
import type { BrokerChange } from '../../storage/broker-state.ts';
import type { ConnackProperties, ConnectPacket } from './codec/packet.ts';
import { REASON, type ReasonCode } from './codec/reason-codes.ts';
import { type Connection, expiryOf } from './connection.ts';
import type { RefusalCounter } from './ports.ts';
import { newWill, toStoredWill } from './sessions/wills.ts';
import { type Identity, screen, sessionId, signIn } from './sign-in.ts';
import type { Surroundings } from './surroundings.ts';
import { TopicAliases } from './topic-aliases.ts';
import { isForNobody, willObjection } from './will-publishing.ts';

/** How often credentials that changed while they were being checked are checked again. */
const TRIES_MAX = 3;

export interface Gate {
  /** `device`: whose it was, when its user name does not say so. */
  refuse(code: ReasonCode, reason: string, counter: RefusalCounter, device?: string): void;
  /** Takes a place among the connections of the device, or of the claim: how many it may have when there is none; else null. */
  enter(principal: Principal): number | null;
}

/** CONNECT, step by step: screen, sign in, check the will, open the session, write it, answer. */
export async function admit(around: Surroundings, connection: Connection, packet: ConnectPacket, gate: Gate): Promise<void> {
  const objection = screen(around.ports, packet);
  if (objection) return gate.refuse(objection.code, objection.reason, objection.counter);
  const clientId = packet.clientId === '' ? `muster-${randomUUID()}` : packet.clientId;
  const identity = await identify(around, connection, packet, gate);
  if (identity === null || connection.isEnding) return;
  const { principal } = identity;
  const will = packet.will !== null && isForNobody(principal, packet.will) ? null : packet.will;
  if (will !== null) {
    const sender = { principal, scheme: connection.scheme, address: connection.address };
    const refusal = willObjection(around, sender, will);
    if (refusal !== null) return gate.refuse(REASON.notAuthorized, `last will: ${refusal}`, 'refusedLogIn');
  }
  const changes: BrokerChange[] = [];
  const opened = openSession(around, connection, { ...packet, will }, principal, sessionId(principal, clientId), gate, changes);
  if (opened === null) return;
  if (changes.length > 0) {
    try {
      await around.writer.durable(changes);
    } catch (error: unknown) {
      around.ports.log.error({ protocol: connection.scheme, address: connection.address, error: messageOf(error) }, 'a session could not be written');
      // In memory it is over: it must not be there again after a restart.
      for (const change of changes) if (change.kind === 'remove-session') around.writer.later(change);
      return gate.refuse(REASON.serverUnavailable, 'the hub cannot write the session now', 'refusedUnavailable');
    }
  }
  const keepAlive = keepAliveOf(around, packet);
  const properties = packet.version === 5 ? connackOf(around, packet, clientId, opened.expirySeconds, keepAlive) : {};
  connection.accept(opened.isResumed, properties, keepAlive, identity.accessEndsAt);
}

/** Who is it? null: refused. */
async function identify(around: Surroundings, connection: Connection, packet: ConnectPacket, gate: Gate): Promise<Identity | null> {
  const { ports } = around;
  for (let tries = 1; ; tries++) {
    const before = around.credentialChanges();
    try {
      const result = await signIn(ports, packet, connection);
      if (connection.isEnding) return null;
      if (around.credentialChanges() !== before && tries < TRIES_MAX) continue;
      if (result.ok) return result;
      gate.refuse(result.code, result.reason, 'refusedLogIn', result.device);
    } catch (error: unknown) {
      ports.log.error({ protocol: connection.scheme, address: connection.address, error: messageOf(error) }, 'a log-in could not be checked');
      gate.refuse(REASON.serverUnavailable, 'the hub cannot check credentials now', 'refusedUnavailable');
    }
    return null;
  }
}

/** Everything that changes at once; null: refused. */
function openSession(
  around: Surroundings,
  connection: Connection,
  packet: ConnectPacket,
  principal: Principal,
  id: string,
  gate: Gate,
  changes: BrokerChange[],
): { readonly isResumed: boolean; readonly expirySeconds: number } | null {
  const { store, wills, ports } = around;
  // The earlier connection of the same client makes room for this one [MQTT-3.1.4-3].
  const ousted = store.get(id)?.outlet ?? null;
  const full = ousted === null ? gate.enter(principal) : null;
  if (full !== null) {
    gate.refuse(REASON.quotaExceeded, `more than ${full} connections of this ${principal.kind}`, 'refusedPerDevice');
    return null;
  }
  const { properties, version } = packet;
  connection.principal = principal;
  connection.clientId = id;
  connection.wantsReasons = properties.requestProblemInformation !== false;
  connection.packetBytesMax = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  connection.window = Math.min(properties.receiveMaximum ?? Number.POSITIVE_INFINITY, ports.settings['mqtt.receive-maximum']);
  const aliasMax = Math.min(properties.topicAliasMaximum ?? 0, ports.settings['mqtt.topic-alias-max']);
  if (aliasMax > 0) connection.aliases = new TopicAliases(aliasMax);
  const wanted = principal.kind === 'claim' ? 0 : version === 5 ? (properties.sessionExpiryInterval ?? 0) : packet.clean ? 0 : 0xffff_ffff;
  const expirySeconds = expiryOf(around, wanted);
  const opened = store.open(id, principal, connection, { clean: packet.clean, expirySeconds, now: ports.clock() }, changes);
  connection.session = opened.session;
  opened.ousted?.cut(REASON.sessionTakenOver, 'the same client connected again');
  if (ousted !== null) gate.enter(principal);
  // Back within the delay of its will, which is not sent then [MQTT-3.1.3-9].
  wills.forget(id);
  if (packet.will) {
    const will = newWill(packet.will, id, principal, connection);
    wills.put(will);
    changes.push({ kind: 'put-will', will: toStoredWill(will, null) });
  }
  return { isResumed: opened.isResumed, expirySeconds };
}

/** Seconds; 0 is none. Of MQTT 5, the hub has the last word [MQTT-3.1.2-21]; older clients were screened. */
function keepAliveOf({ ports }: Surroundings, { version, keepAlive }: ConnectPacket): number {
  const max = ports.settings['mqtt.keep-alive-max-seconds'];
  return version === 5 && max > 0 && (keepAlive === 0 || keepAlive > max) ? max : keepAlive;
}

/** What is there is left out: retained messages, QoS 2, wildcards, identifiers and shared subscriptions are the default. */
function connackOf({ ports }: Surroundings, packet: ConnectPacket, clientId: string, expirySeconds: number, keepAlive: number): ConnackProperties {
  const { settings } = ports;
  const wanted = packet.properties.sessionExpiryInterval ?? 0;
  const granted = Number.isFinite(expirySeconds) ? expirySeconds : 0xffff_ffff;
  return {
    ...(granted === wanted ? {} : { sessionExpiryInterval: granted }),
    receiveMaximum: settings['mqtt.receive-maximum'],
    maximumPacketSize: settings['mqtt.packet-bytes-max'],
    ...(packet.clientId === '' ? { assignedClientIdentifier: clientId } : {}),
    topicAliasMaximum: settings['mqtt.topic-alias-max'],
    ...(keepAlive === packet.keepAlive ? {} : { serverKeepAlive: keepAlive }),
  };
}
