import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopicTree } from '../../../../src/lib/protocols/mqtt/topic-tree.ts';

const level = fc.constantFrom('a', 'b', '', '$x', 'constructor');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, all]) => [...levels, ...(all ? ['#'] : [])].join('/'));

/** MQTT 5 section 4.7, level by level. */
function matches(one: string, other: string): boolean {
  if (other.startsWith('$') && /^[+#]/.test(one)) return false;
  const [filterLevels, topicLevels] = [one.split('/'), other.split('/')];
  for (const [index, text] of filterLevels.entries()) {
    if (text === '#') return true;
    if (index >= topicLevels.length || (text !== '+' && text !== topicLevels[index])) return false;
  }
  return filterLevels.length === topicLevels.length;
}

describe('topic filters', () => {
  // The examples of MQTT 3.1.1 section 4.7.
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'a/b', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['A', 'a', false],
  ])('%s and %s: %s', (one, other, expected) => {
    expect(matches(one, other)).toBe(expected);
    const tree = new TopicTree<string, string>();
    tree.add(one, 'key', 'value');
    expect(tree.match(other)).toEqual(expected ? ['value'] : []);
  });
});

describe('the topic tree', () => {
  it('finds what matching one by one finds, after any adding and removing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(filter, fc.nat(3), fc.boolean())), topic, (steps, wanted) => {
        const tree = new TopicTree<number, string>();
        const model = new Map<string, { filter: string }>();
        for (const [text, key, add] of steps) {
          if (add) {
            tree.add(text, key, `${text} ${key}`);
            model.set(`${text} ${key}`, { filter: text });
          } else {
            tree.remove(text, key);
            model.delete(`${text} ${key}`);
          }
        }
        const expected = [...model].filter(([, entry]) => matches(entry.filter, wanted)).map(([value]) => value);
        expect(tree.match(wanted).sort()).toEqual(expected.sort());
        expect(tree.size).toBe(model.size);
      }),
    );
  });
});
