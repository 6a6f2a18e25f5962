import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutText } from '../../../src/lib/domain/cut-text.ts';

it('no character is cut in half, and what comes out is Unicode', () => {
  expect(cutText('ab😀', 3)).toBe('ab');
  expect(cutText('ab😀', 4)).toBe('ab😀');
  expect(cutText('a\ud83db', 10)).toBe('a\ufffdb');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.nat({ max: 60 }), (text, max) => {
      const cut = cutText(text, max);
      expect(cut.length).toBeLessThanOrEqual(max);
      // Encoding replaces what is not well-formed: it must have nothing to do.
      expect(Buffer.from(cut).toString()).toBe(cut);
      expect(text.replaceAll(/\p{Surrogate}/gu, '\ufffd').startsWith(cut)).toBe(true);
    }),
  );
});
