import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextIndex } from '../../../src/lib/fleet/text-index.ts';

test('a text index finds the numbers of texts as a map does, whatever is put and removed, small and large', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ number: fc.nat(40_000), remove: fc.boolean() }), { maxLength: 300 }),
      fc.constantFrom(0, 10, 16_300, 20_000),
      (steps, before) => {
        const texts: string[] = [];
        const index = new TextIndex((item) => texts[item] ?? '');
        const plain = new Map<string, number>();
        const put = (number: number) => {
          const text = number % 2 === 0 ? `meter-${number % 30_000}` : `é${number}`;
          const known = plain.get(text) ?? -1;
          texts.push(text);
          expect(index.put(text, texts.length - 1)).toBe(known);
          plain.set(text, texts.length - 1);
          return text;
        };
        for (let number = 0; number < before; number++) put(number);
        for (const { number, remove } of steps) {
          const text = put(number);
          if (!remove) continue;
          expect(index.remove(text)).toBe(plain.get(text));
          plain.delete(text);
          expect([index.remove(text), index.find(text)]).toEqual([-1, -1]);
        }
        expect(index.size).toBe(plain.size);
        for (const [text, item] of plain) if (index.find(text) !== item) expect([text, index.find(text)]).toEqual([text, item]);
      },
    ),
    { numRuns: 10 },
  );
});

test('texts that differ in their length or their last character only are different', () => {
  const texts = ['', 'a', 'aa', 'aaa', 'aab', '\0', 'a\0', 'aa\0', 'aa\0\0'];
  const index = new TextIndex((item) => texts[item] ?? '');
  for (const [item, text] of texts.entries()) expect(index.put(text, item)).toBe(-1);
  expect(texts.map((text) => index.find(text))).toEqual(texts.map((_, item) => item));
});
