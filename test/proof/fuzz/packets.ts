import mqtt, { type IConnectPacket, type Packet } from 'mqtt-packet';
import type { Credentials } from '../fleet.ts';
import type { Chance } from './chance.ts';
import { FLEET_PAYLOADS } from './fleet-requests.ts';

export interface Room {
  readonly credentials: readonly (Credentials | null)[];
  readonly devices: readonly string[];
}

const KINDS = [
  ...['report', 'alarm', 'birth', 'death', 'set', 'set/result', 'call', 'call/result', 'config', 'config/result', 'renew', 'renew/result', 'time', 'nothing'],
] as const;
const ODD_TOPICS = [
  'claim/request',
  'claim/request',
  'claim/response',
  '$SYS/broker',
  '$share/a/b',
  'a',
  '/',
  'a//b',
  'x/'.repeat(30),
  'devices',
  'devices/',
  '\u{1F600}/x',
  'x'.repeat(3000),
];
const ODD_FILTERS = [
  '#',
  '+',
  '+/+',
  '$share/g/devices/+/report',
  '$share//x',
  '$share/g/',
  '$share/+/x',
  '$SYS/#',
  'claim/response',
  '$share/g/claim/response',
  'devices/+/renew/result',
  'a/#/b',
  'a+',
  'devices/+/set',
  '',
  'y/'.repeat(40),
];
const PAYLOADS = [
  '',
  '{}',
  '[]',
  'null',
  '{"a":1}',
  '{"ts":0,"values":{"a":1}}',
  '{"ts":1e400,"values":{}}',
  '{"a":',
  '[[[[[[[[',
  '{"a":{"b":[1,2,{"c":null}]}}',
  '[{"n":"x","v":1}]',
  '\u0000',
  ...FLEET_PAYLOADS,
];

/** A packet that the specification allows, more or less, of any kind and in either version. */
export function aPacket(chance: Chance, version: 4 | 5, room: Room): Buffer {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      return mqtt.generate(packetOf(chance, version, room), { protocolVersion: version });
    } catch {
      // The generator knows better than to write this one.
    }
  }
  return Buffer.from([0xc0, 0]);
}

export function aConnect(chance: Chance, version: 4 | 5, room: Room): Buffer {
  return mqtt.generate(connectOf(chance, version, room), { protocolVersion: version });
}

function connectOf(chance: Chance, version: 4 | 5, room: Room): IConnectPacket {
  // Few are wrong: each costs the hub a password hash, which is meant to be slow.
  const credentials = chance.percent(3) ? { username: 'nobody', password: 'wrong' } : chance.pick(room.credentials);
  const five = version === 5;
  const will = { topic: aTopic(chance, room), payload: Buffer.from(chance.pick(PAYLOADS)), qos: chance.pick([0, 1, 2] as const), retain: chance.percent(50) };
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: version,
    clean: chance.percent(50),
    // Few, so that sessions are taken over and come back.
    clientId: `fuzz-${chance.below(6)}`,
    keepalive: chance.pick([0, 1, 60, 65_535]),
    ...(credentials !== null && { username: credentials.username, password: Buffer.from(credentials.password) }),
    ...(chance.percent(30) && {
      will: { ...will, ...(five && { properties: { willDelayInterval: chance.pick([0, 1, 100]), messageExpiryInterval: 1, contentType: 'x' } }) },
    }),
    ...(five &&
      chance.percent(70) && {
        properties: {
          sessionExpiryInterval: chance.pick([0, 1, 60, 0xffff_ffff]),
          receiveMaximum: chance.pick([1, 2, 100, 65_535]),
          maximumPacketSize: chance.pick([1, 20, 1_000, 268_435_455]),
          topicAliasMaximum: chance.pick([0, 1, 65_535]),
          requestResponseInformation: chance.percent(50),
          requestProblemInformation: chance.percent(50),
          ...(chance.percent(10) && { authenticationMethod: 'x', authenticationData: Buffer.from('y') }),
        },
      }),
  };
}

function aTopic(chance: Chance, room: Room): string {
  return chance.percent(75) ? `devices/${chance.pick(room.devices)}/${chance.pick(KINDS)}` : chance.pick(ODD_TOPICS);
}

function packetOf(chance: Chance, version: 4 | 5, room: Room): Packet {
  const messageId = chance.pick([1, 1, 2, 3, 4, 1000, 65_535]);
  const five = version === 5;
  const code = five ? { reasonCode: chance.pick([0, 0x10, 0x80, 0x92, 0xff]) } : {};
  switch (chance.below(16)) {
    case 0:
      return connectOf(chance, version, room);
    case 1:
      return { cmd: 'puback', messageId, ...code };
    case 2:
      return { cmd: 'pubrec', messageId, ...code };
    case 3:
    case 4:
      return { cmd: 'pubrel', messageId, ...(five && { reasonCode: 0 }) };
    case 5:
      return { cmd: 'pubcomp', messageId, ...code };
    case 6:
    case 7:
      return {
        cmd: 'subscribe',
        messageId,
        subscriptions: Array.from({ length: 1 + chance.below(4) }, () => ({
          topic: chance.percent(40)
            ? `devices/${chance.pick([...room.devices, '+'])}/${chance.pick(['#', 'set', 'call', 'config', 'renew/result', 'time', 'report', '+'])}`
            : chance.pick(ODD_FILTERS),
          qos: chance.pick([0, 1, 2] as const),
          ...(five && { nl: chance.percent(30), rap: chance.percent(50), rh: chance.pick([0, 1, 2]) }),
        })),
        ...(five && chance.percent(30) && { properties: { subscriptionIdentifier: chance.pick([1, 268_435_455]) } }),
      };
    case 8:
      return { cmd: 'unsubscribe', messageId, unsubscriptions: [chance.pick(ODD_FILTERS), 'devices/+/set'] };
    case 9:
      return { cmd: 'pingreq' };
    case 10:
      return { cmd: 'disconnect', ...(five && { reasonCode: chance.pick([0, 4]), properties: { sessionExpiryInterval: chance.pick([0, 10]) } }) };
    case 11:
      // What only a server may send.
      return chance.percent(50) ? { cmd: 'pingresp' } : { cmd: 'suback', messageId, granted: [0] };
    default: {
      const qos = chance.pick([0, 1, 1, 2, 2] as const);
      return {
        cmd: 'publish',
        topic: aTopic(chance, room),
        payload: chance.percent(80) ? chance.pick(PAYLOADS) : chance.bytes(chance.below(chance.percent(5) ? 50_000 : 200)),
        qos,
        retain: chance.percent(20),
        dup: qos > 0 && chance.percent(30),
        ...(qos > 0 && { messageId }),
        ...(five &&
          chance.percent(40) && {
            properties: {
              payloadFormatIndicator: chance.percent(50),
              messageExpiryInterval: chance.pick([0, 1, 0xffff_ffff]),
              topicAlias: chance.pick([1, 2, 16, 17, 65_535]),
              responseTopic: 'a/b',
              correlationData: chance.bytes(3),
              contentType: chance.pick(['application/json', 'application/senml+json', 'x/y']),
              userProperties: { a: ['1', '2'], b: 'c' },
            },
          }),
      };
    }
  }
}
