import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNetwork, isWithinNetworks } from '../../../src/lib/access/networks.ts';
import type { ClaimId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { checkAllowed, checkLive } from '../../../src/lib/provisioning/check-claim.ts';
import { idOf, readClaimRequest } from '../../../src/lib/provisioning/claim-request.ts';
import type { ClaimRecord } from '../../../src/lib/storage/claim-storage.ts';

const aClaim = (more: Partial<ClaimRecord> = {}): ClaimRecord => ({
  ...{ id: 'batch' as ClaimId, project: 'default' as ProjectId, kind: 'token', devicesMax: null, used: 0, expiresAt: null, addresses: [], type: null },
  ...{ allowed: [], description: null, createdAt: 0, createdBy: 'user:anna', revokedAt: null, tokenId: null, secretHash: null, authority: null },
  ...more,
});

describe('networks', () => {
  it('hold IPv4 and IPv6, also mapped into each other, and nothing that is no address', () => {
    const within = ['10.1.0.0/16', '2001:db8::/32', '192.168.1.7'];
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1', '192.168.1.7'])
      expect([address, isWithinNetworks(address, within)]).toEqual([address, true]);
    for (const address of ['10.2.0.1', '::ffff:10.2.0.1', '2001:db9::1', '192.168.1.8', '', 'localhost', '::'])
      expect([address, isWithinNetworks(address, within)]).toEqual([address, false]);
  });

  it('are told from what is none', () => {
    for (const text of ['0.0.0.0/0', '::/0', '10.0.0.1', '10.0.0.0/8', 'fe80::1/64']) expect([text, isNetwork(text)]).toEqual([text, true]);
    for (const text of ['', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0/8', 'a', '::/129', '10.0.0.0/-1', '10.0.0.0/1e1', 'fe80::1%eth0'])
      expect([text, isNetwork(text)]).toEqual([text, false]);
    fc.assert(fc.property(fc.string(), (text) => !isNetwork(text) || typeof isWithinNetworks('10.0.0.1', [text]) === 'boolean'));
  });
});

describe('a claim', () => {
  it('allows what one of its patterns fits, of the id or of an alias', () => {
    const claim = aClaim({ allowed: ['imei:35*', 'id:gw-*', 'pump-7', 'mac:aa:*'] });
    const allows = (id: string, aliases = {}) => {
      try {
        checkAllowed(claim, id, aliases);
        return true;
      } catch {
        return false;
      }
    };
    expect([allows('gw-1'), allows('pump-7'), allows('x', { imei: '3501' }), allows('x', { mac: 'aa:bb' })]).toEqual([true, true, true, true]);
    expect([allows('pump-70'), allows('x'), allows('x', { imei: '4901' }), allows('x', { serial: '3501' }), allows('imei:35', {})]).toEqual(
      Array(5).fill(false),
    );
    expect(() => checkAllowed(aClaim(), 'anything', {})).not.toThrow();
  });

  it('holds until the very moment of its end, and at its addresses alone', () => {
    const claim = aClaim({ expiresAt: 1000, addresses: ['10.0.0.0/8'] });
    expect(() => checkLive(claim, '10.0.0.1', 999)).not.toThrow();
    expect(() => checkLive(claim, '10.0.0.1', 1000)).toThrow(/expired/);
    expect(() => checkLive(claim, '11.0.0.1', 0)).toThrow(/address/);
    expect(() => checkLive(claim, null, 0)).toThrow(/address/);
    expect(() => checkLive(aClaim({ revokedAt: 5 }), null, 0)).toThrow(/revoked/);
  });
});

describe('a request', () => {
  it('is read or refused, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readClaimRequest(bytes);
          return true;
        } catch (error: unknown) {
          return (error as { code?: string }).code === 'invalid';
        }
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          const request = readClaimRequest(Buffer.from(JSON.stringify(value)));
          return typeof request.aliases === 'object';
        } catch (error: unknown) {
          return (error as { code?: string }).code === 'invalid';
        }
      }),
    );
    expect(() => readClaimRequest(Buffer.alloc(20_000, 32))).toThrow(/16384/);
    expect(() => readClaimRequest(Buffer.from('{"id":"a","proof":"short"}'))).toThrow(/^proof: /);
  });

  it('gives the id, or an alias that one can be made of', () => {
    expect(idOf({ id: 'a', aliases: { imei: '35' } })).toBe('a');
    expect(idOf({ aliases: { imei: '35', serial: 'S 1'.replace(' ', '') } })).toBe('serial-S1');
    expect(() => idOf({ aliases: { serial: 'no name/' } })).toThrow(/no id can be made/);
    expect(() => idOf({ aliases: {} })).toThrow(/neither/);
  });
});
