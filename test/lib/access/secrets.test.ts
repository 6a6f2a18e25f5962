import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOfSecret, makeToken, parseToken, secretFits, TOKEN_KINDS } from '../../../src/lib/access/secrets.ts';

describe('tokens', () => {
  it('are read back as they were made, whatever their secret holds', () => {
    for (let i = 0; i < 500; i++) {
      const kind = TOKEN_KINDS[i % 2] ?? 'api';
      const { id, token, secretHash } = makeToken(kind);
      const parsed = parseToken(token);
      expect(parsed).toMatchObject({ kind, id });
      expect(token.startsWith(kind === 'api' ? 'mst_' : 'msd_')).toBe(true);
      expect(secretFits(parsed?.secret ?? '', secretHash)).toBe(true);
    }
  });

  it('are nothing else', () => {
    const { token } = makeToken('api');
    for (const other of [
      '',
      'mst',
      'mst__',
      token.slice(0, -1),
      `${token}A`,
      token.toUpperCase(),
      ` ${token}`,
      `${token}\n`,
      `${token}\0`,
      token.replace('mst', 'msx'),
    ]) {
      expect(parseToken(other)).toBeNull();
    }
    expect(parseToken('m'.repeat(1_000_000))).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => parseToken(text) === null));
  });

  it('fit their own hash alone, and no hash that is damaged', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (one, other) => secretFits(one, hashOfSecret(other)) === (one === other)));
    for (const damaged of ['', 'zz', hashOfSecret('x').slice(2), `${hashOfSecret('x')}00`]) expect(secretFits('x', damaged)).toBe(false);
  });
});
