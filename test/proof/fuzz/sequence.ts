import { createRandom, seedFor } from '../../../src/lib/simulation/random.ts';
import { UPGRADE, webSocketFrame } from '../rude/web-socket-frames.ts';
import { type Chance, createChance } from './chance.ts';
import { aFleetRequest } from './fleet-requests.ts';
import { mutated, split } from './mutate.ts';
import { aConnect, aPacket, type Room } from './packets.ts';

/** One connection from beginning to end. The same seed and number give the same one. */
export interface Sequence {
  readonly number: number;
  readonly door: 'mqtt' | 'http';
  readonly writes: readonly Buffer[];
  /** How it goes: with FIN, with RST, or it stays for a while and reads nothing. */
  readonly end: 'fin' | 'reset' | 'linger' | 'stalled';
}

export function sequenceOf(seed: number, number: number, room: Room): Sequence {
  const chance = createChance(createRandom(seedFor(seed, `sequence ${number}`)));
  const end = chance.pick(['fin', 'reset', 'linger', 'linger', 'stalled'] as const);
  switch (chance.below(10)) {
    case 0:
    case 1:
      return { number, door: 'http', writes: webSocketOf(chance, room), end };
    case 2:
    case 3:
      return { number, door: 'http', writes: httpOf(chance, room), end };
    default:
      return { number, door: 'mqtt', writes: packetsOf(chance, room).flatMap((packet) => (chance.percent(20) ? split(packet, chance) : [packet])), end };
  }
}

function packetsOf(chance: Chance, room: Room): readonly Buffer[] {
  const version = chance.pick([4, 5] as const);
  const first = aConnect(chance, version, room);
  // Most have to get in, or all that is behind the door is never tried.
  const packets = [chance.percent(15) ? mutated(first, chance) : first];
  for (let count = chance.below(20); count > 0; count -= 1) {
    const packet = aPacket(chance, chance.percent(95) ? version : version === 4 ? 5 : 4, room);
    packets.push(chance.percent(15) ? mutated(packet, chance) : packet);
  }
  return chance.percent(10) ? packets.slice(1) : packets;
}

function webSocketOf(chance: Chance, room: Room): readonly Buffer[] {
  const upgrade = Buffer.from(chance.percent(80) ? UPGRADE : UPGRADE.replace('/mqtt', chance.pick(['/api/v1/stream', '/mqtt/x', '/'])));
  const stream = Buffer.concat(packetsOf(chance, room) as Buffer[]);
  const frames = split(stream, chance)
    .slice(0, 60)
    .map((piece) => {
      const opcode = chance.percent(90) ? 2 : chance.pick([0, 1, 8, 9, 10, 3, 15]);
      const frame = webSocketFrame(piece, { opcode, final: chance.percent(90), mask: chance.bytes(4) });
      return chance.percent(5) ? mutated(frame, chance) : frame;
    });
  return [chance.percent(5) ? mutated(upgrade, chance) : upgrade, ...frames];
}

const BODIES = [
  '{"a":1}',
  '{"ts":1763785200000,"values":{"boiler/temperature":71.4}}',
  '[{"ts":1763785200000,"values":{"a":1}},{"ts":1763785260000,"values":{"a":2}}]',
  '[{"bn":"boiler/","bt":1763785200,"n":"temperature","u":"Cel","v":71.4},{"n":"on","vb":true}]',
  '{"a":{"b":{"c":{"d":{}}}}}',
  `{"a":${'['.repeat(2000)}`,
  `{"${'x'.repeat(5000)}":1}`,
  '{"__proto__":{"x":1},"constructor":1}',
  '{"a":1e999,"b":-0,"c":123456789012345678901234567890}',
];
const TYPES = [
  'application/json',
  'application/senml+json',
  'application/cbor',
  'text/plain',
  'application/x-www-form-urlencoded',
  '',
  'application/json; charset=utf-16',
];
const PATHS = ['report', 'report?x=%00', 'samples?point=*&limit=-1', 'samples?cursor=AAAA', 'aggregate?from=0&to=9e99&everyMs=1', 'points/%2e%2e/x', ''];

function httpOf(chance: Chance, room: Room): readonly Buffer[] {
  const credentials = chance.pick(room.credentials);
  const requests = Array.from({ length: 1 + chance.below(4) }, () => {
    const device = chance.pick(room.devices);
    const fleet = chance.percent(50) ? aFleetRequest(chance, device) : null;
    const text = Buffer.from(fleet?.body ?? chance.pick(BODIES));
    const body = chance.percent(fleet === null ? 50 : 20) ? mutated(text, chance) : text;
    const usual = fleet?.method ?? 'POST';
    const path = fleet?.path ?? `devices/${device}/${chance.percent(70) ? 'report' : chance.pick(PATHS)}`;
    const length = chance.percent(90) ? body.length : chance.pick([0, body.length + 5, 1e9, -1]);
    const lines = [
      `${chance.percent(fleet === null ? 80 : 95) ? usual : chance.pick(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])} /api/v1/${path} HTTP/1.1`,
      'host: hub',
      `authorization: ${credentials === null ? 'Bearer x' : `Bearer ${credentials.password}`}`,
      `content-type: ${fleet === null ? chance.pick(TYPES) : 'application/json'}`,
      `content-length: ${length}`,
      ...(chance.percent(30) ? [`idempotency-key: ${chance.pick(['"a"', 'a', '', '"', 'x'.repeat(1000), '\u00e9'])}`] : []),
    ];
    const whole = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
    return chance.percent(10) ? mutated(whole, chance) : whole;
  });
  return requests.flatMap((request) => (chance.percent(20) ? split(request, chance).slice(0, 100) : [request]));
}
