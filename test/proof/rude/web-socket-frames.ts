/** Asks for MQTT over WebSocket. */
export const UPGRADE =
  'GET /mqtt HTTP/1.1\r\nhost: hub\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: mqtt\r\n\r\n';

export const BINARY = 2;
const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** One masked frame of RFC 6455 section 5.2, as a client sends it. */
export function webSocketFrame(payload: Uint8Array, { opcode = BINARY, final = true, mask = MASK as Uint8Array } = {}): Buffer {
  const { length } = payload;
  const head = length < 126 ? [length | 0x80] : length < 65_536 ? [126 | 0x80, length >> 8, length & 0xff] : null;
  const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  const long = Buffer.alloc(9);
  long[0] = 127 | 0x80;
  long.writeBigUInt64BE(BigInt(length), 1);
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode]), head === null ? long : Buffer.from(head), mask, masked]);
}
