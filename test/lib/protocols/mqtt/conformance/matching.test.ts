import { describe, expect } from 'vitest';
import { conformance } from '../../../../helpers/conformance.ts';
import { BOTH } from './versions.ts';

const it = conformance();

/** Below a level of the test's own: `p` becomes that level. */
const TABLE: readonly (readonly [filter: string, matching: readonly string[], others: readonly string[]])[] = [
  ['p/a', ['p/a'], ['p/a/', 'p/a/b', 'p', 'p/A', 'p/ab', '/p/a', 'p//a']],
  ['p/+', ['p/a', 'p/', 'p/ '], ['p', 'p/a/b', 'p/a/', 'p//']],
  ['p/+/+', ['p/a/b', 'p//', 'p/a/', 'p//b'], ['p/a', 'p/a/b/c', 'p/a/b/']],
  ['p/+/c', ['p/b/c', 'p//c'], ['p/c', 'p/b/c/', 'p/b/c/d', 'p/b/C']],
  ['p/a/+/+/e', ['p/a/b/c/e', 'p/a///e'], ['p/a/b/e', 'p/a/b/c/d/e']],
  ['p/#', ['p', 'p/', 'p/a', 'p/a/b/c', 'p//', 'p/$x'], ['pa', '/p', 'q/p']],
  ['p/a/#', ['p/a', 'p/a/', 'p/a/b', 'p/a/b/c/d/e/f'], ['p', 'p/ab', 'p/b/a', 'p//a']],
  ['p/+/#', ['p/a', 'p/', 'p/a/b', 'p//b'], ['p', '/p/a']],
  ['p/+/b/#', ['p/a/b', 'p//b', 'p/a/b/c'], ['p/b', 'p/a/c/b']],
  ['+/p/a', ['x/p/a', '/p/a'], ['p/a', 'x/y/p/a', '$x/p/a']],
  ['+/p/#', ['x/p', '/p', '/p/a/b'], ['p/a', '$x/p', '$x/p/a']],
  ['/p', ['/p'], ['p', '//p', '/p/']],
  ['/p/+', ['/p/a', '/p/'], ['p/a', '/p']],
  ['+/+/p', ['//p', 'a/b/p'], ['/p', '$a/b/p', '/p/p/p']],
  ['p//b', ['p//b'], ['p/b', 'p/a/b', 'p///b']],
  ['p/', ['p/'], ['p', 'p//', 'p/a']],
  ['$p/#', ['$p', '$p/a', '$p/a/b'], ['p/a', '$pa']],
  ['$p/+', ['$p/a'], ['$p', '$p/a/b']],
  ['$p/a', ['$p/a'], ['p/a', '$p/b']],
  ['p/$x/+', ['p/$x/a'], ['p/x/a']],
  ['p/a b/+', ['p/a b/c'], ['p/ab/c', 'p/a%20b/c']],
  ['p/é/+', ['p/é/a'], ['p/e\u0301/a']],
];

describe.concurrent.each(BOTH)('A topic filter in %s', (_name, version) => {
  it.for(TABLE)('%s matches %j and none of %j [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.2-1] [MQTT-4.7.3-4]', async ([filter, matching, others], { wire }) => {
    const own = wire.topic('').slice(0, -1);
    const of = (text: string) => text.replace('p', own);
    const listener = await wire.connect(version);
    expect(
      (
        await listener.subscribe([
          [of(filter), 0],
          [of('fence/p'), 0],
        ])
      ).codes,
    ).toEqual([0, 0]);
    const sender = await wire.connect(version);
    for (const topic of [...others, ...matching, ...others]) await sender.publish(of(topic));
    await sender.publish(of('fence/p'), 'fence');
    const heard: string[] = [];
    for (let message = await listener.receive(); message.topic !== of('fence/p'); message = await listener.receive()) heard.push(message.topic);
    expect(heard).toEqual(matching.map(of));
  });

  it('# matches everything but topics that begin with $ [MQTT-4.7.2-1]', async ({ wire }) => {
    const own = wire.topic('').slice(0, -1);
    const listener = await wire.connect(version);
    await listener.subscribe('#');
    const sender = await wire.connect(version);
    const topics = [`$${own}`, `$${own}/a`, `$SYS/${own}`, own, `/${own}`, `${own}/a/b`, `x/${own}`];
    for (const topic of topics) await sender.publish(topic, own);
    const heard: string[] = [];
    while (heard.length < 4) {
      const { topic, payload } = await listener.receive();
      if (payload === own) heard.push(topic);
      expect(topic).not.toMatch(/^\$/);
    }
    expect(heard).toEqual(topics.slice(3));
  });

  it('+ matches one level at the root, not $ [MQTT-4.7.2-1]', async ({ wire }) => {
    const own = wire.topic('').slice(0, -1);
    const listener = await wire.connect(version);
    await listener.subscribe('+');
    const sender = await wire.connect(version);
    for (const topic of [`$${own}`, `${own}/a`, `/${own}`, own]) await sender.publish(topic, own);
    let message = await listener.receive();
    while (message.payload !== own) message = await listener.receive();
    expect(message.topic).toBe(own);
  });

  it('of fifty levels of wildcards is no trouble', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([`${wire.topic()}${'/+'.repeat(50)}/#`, 1]);
    await client.publish(`${wire.topic()}${'/x'.repeat(50)}`, 'deep', { qos: 1 });
    expect((await client.receive()).payload).toBe('deep');
  });

  it('is no pattern: dots, stars and brackets stand for themselves', async ({ wire }) => {
    const client = await wire.connect(version);
    await client.subscribe([wire.topic('a.c'), wire.topic('[a]*'), wire.topic('(x|y)')]);
    for (const name of ['abc', 'a', 'x', 'aaaa']) await client.publish(wire.topic(name), name);
    for (const name of ['a.c', '[a]*', '(x|y)']) await client.publish(wire.topic(name), name);
    expect((await client.receiveMany(3)).map(({ payload }) => payload)).toEqual(['a.c', '[a]*', '(x|y)']);
  });
});

describe.concurrent.each(BOTH)('A client in %s', (_name, version) => {
  it('cannot speak for the server on $SYS', async ({ wire }) => {
    const listener = await wire.connect(version);
    await listener.subscribe(['$SYS/#', wire.topic('fence')]);
    const sender = await wire.connect(version);
    sender.publish(`$SYS/${wire.id()}`, 'forged', { qos: 1 }).catch(() => {});
    const other = await wire.connect(version);
    await other.publish(wire.topic('fence'), 'fence');
    for (let message = await listener.receive(); message.payload !== 'fence'; message = await listener.receive()) expect(message.payload).not.toBe('forged');
  });
});
