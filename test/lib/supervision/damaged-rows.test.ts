import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/lib/storage/system/driver.ts';
import { aWorld } from '../../helpers/supervised.ts';

const RULE = { id: 'hot', scope: { points: 't' }, when: { bands: [{ level: 'major', high: 50 }] }, requiresAck: false };

test.each([
  ['a record that is cut', `update alarms set record = substr(record, 1, 40)`],
  ['a record that says it is closed', `update alarms set record = json_set(record, '$.closedAt', 1)`],
  ['a record of another release', `update alarms set record = json_set(record, '$.severity', 'purple')`],
])('%s is no obstacle for the alarm that is raised next', async (_what, sql) => {
  const world = await aWorld();
  world.addDevice('b1');
  world.addPoint('b1', 't');
  const before = await world.start();
  await before.rule(RULE);
  await before.report('b1', 't', 80);
  expect(before.alarms()).toHaveLength(1);
  await before.supervision.settled();
  const database = openDatabase(world.system.file, { readOnly: false });
  database.exec(sql);
  database.close();

  world.clock.advance(1_000);
  const after = await world.start();
  await after.pass(10);
  await after.report('b1', 't', 20);
  world.clock.advance(1_000);
  await after.report('b1', 't', 90);
  await after.supervision.settled();
  expect(after.supervision.counts().uncommitted).toBe(0);
  expect(after.alarm('hot')).toMatchObject({ active: true, value: 90 });
  expect(await world.system.alarming.alarms.live()).toEqual([after.alarm('hot')]);
  expect(world.told.at(-1)?.cause).toBe('raised');
});

test('evaluations, maintenance windows and a rule that cannot be read cost nothing but themselves', async () => {
  const world = await aWorld();
  world.addDevice('b1');
  world.addPoint('b1', 't');
  const before = await world.start();
  await before.rule({ ...RULE, onDelay: '1m' });
  await before.rule({ ...RULE, id: 'other' });
  await before.report('b1', 't', 80);
  await before.supervision.settled();
  const database = openDatabase(world.system.file, { readOnly: false });
  database.exec(`update evaluations set state = '{"levels":' where rule = 'hot';
    insert into evaluations values ('default', 'hot', 'no such subject/at/all', '[]'), ('default', 'hot', 'b1/t/x', '{"level":"none","since":{}}'), ('default', 'gone', 'b1/t', '3');
    update rules set document = json_set(document, '$.when', json('{"telepathy":{}}')) where id = 'other'`);
  database.close();
  const after = await world.start();
  expect(after.supervision.counts()).toMatchObject({ rules: 1, rulesFailing: 1, alarmsLive: 1 });
  world.clock.advance(1_000);
  await after.report('b1', 't', 81);
  await after.pass(61_000);
  expect(after.alarm('hot')?.active).toBe(true);
  expect(after.alarm('other')?.active).toBe(true);
});
