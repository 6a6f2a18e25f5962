import { expect, test } from 'vitest';
import { createBite } from '../../../src/lib/control/bite.ts';
import { createCommandLedger } from '../../../src/lib/control/command-ledger.ts';
import type { Command, CommandState } from '../../../src/lib/domain/command.ts';
import type { HubEvent } from '../../../src/lib/domain/event.ts';
import type { CommandId, JobId } from '../../../src/lib/domain/ids.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

function aCommand(id: string, state: CommandState, job: string | null = null): Command {
  return {
    ...{ id: id as CommandId, project: 'p', device: 'd', kind: 'call', name: 'n', value: null, state, reason: null, result: null, lateAnswer: null },
    ...{ actor: 'user:anna', version: null, job: job as JobId | null, createdAt: 1, expiresAt: 2, sentAt: null, deliveredAt: null, settledAt: null },
  } as Command;
}

/** A disk on which each transaction waits until the test lets it go. */
function aLedger() {
  const waiting: { readonly ids: readonly string[]; readonly done: () => void; readonly fail: () => void }[] = [];
  const told: string[] = [];
  let ids: string[] = [];
  const noted = (commands: readonly Command[]) => {
    ids.push(...commands.map(({ id, state }) => `${id} ${state}`));
    return { sql: '', parameters: [] };
  };
  const ledger = createCommandLedger({
    storage: { insert: (commands) => [noted(commands)], update: (commands) => [noted(commands)] },
    insertEvents: () => ({ sql: '', parameters: [] }),
    complete: (event) => event as HubEvent,
    publish: () => undefined,
    commit: () =>
      new Promise((resolve, reject) => {
        waiting.push({ ids, done: () => resolve(null), fail: () => reject(new Error('full')) });
        ids = [];
      }),
    onWritten: (changes) => told.push(...changes.map(({ command, before }) => `${command.id} ${before} ${command.state}`)),
    log: SILENT_LOG,
  });
  return { ledger, waiting, told };
}

test('what one person asks is on its way to the disk while thousands of a job wait for theirs', async () => {
  const { ledger, waiting } = aLedger();
  for (let index = 0; index < 5_000; index += 1) ledger.change(aCommand(`j${index}`, 'applied', 'job'), 'delivered');
  await waitUntil(() => waiting.length === 1, 'the first of the job');
  expect(waiting[0]?.ids.length).toBeLessThan(1_001);
  void ledger.insert([aCommand('own', 'queued')]);
  await waitUntil(() => waiting.length === 2, 'the own one, though the job is not there');
  expect(waiting[1]?.ids).toEqual(['own queued']);
});

test('that it was sent is written with what comes next, or alone when nothing does, and told in its order', async () => {
  const { ledger, waiting, told } = aLedger();
  ledger.change(aCommand('a', 'sent'), 'queued');
  ledger.change(aCommand('a', 'applied'), 'sent');
  ledger.change(aCommand('b', 'sent'), 'queued');
  await waitUntil(() => waiting.length === 1, 'the settled one');
  expect(waiting[0]?.ids).toEqual(['a applied']);
  waiting[0]?.done();
  await waitUntil(() => waiting.length === 2, 'the sent one');
  expect(waiting[1]?.ids).toEqual(['b sent']);
  waiting[1]?.done();
  await waitUntil(() => told.length === 3, 'all are told');
  expect(told).toEqual(['a queued sent', 'a sent applied', 'b queued sent']);
});

test('what became of commands goes with what is asked, however much that is', async () => {
  const { ledger, waiting } = aLedger();
  for (let index = 0; index < 3; index += 1) void ledger.insert(Array.from({ length: 1_000 }, (_, each) => aCommand(`n${index}-${each}`, 'queued')));
  for (let index = 0; index < 2_000; index += 1) ledger.change(aCommand(`c${index}`, 'applied'), 'delivered');
  await waitUntil(() => waiting.length === 1, 'the first transaction');
  expect(waiting[0]?.ids.filter((each) => each.endsWith('queued'))).toHaveLength(1_000);
  expect(waiting[0]?.ids).toContain('c0 applied');
  expect(waiting[0]?.ids.length).toBeLessThan(1_501);
});

test('what could not be written is written again as it is then, with all it went through', async () => {
  const { ledger, waiting, told } = aLedger();
  ledger.change(aCommand('a', 'delivered'), 'queued');
  await waitUntil(() => waiting.length === 1, 'the first try');
  ledger.change(aCommand('a', 'queued'), 'delivered');
  ledger.change(aCommand('a', 'sent'), 'queued');
  waiting[0]?.fail();
  const written = ledger.written('a' as CommandId);
  await waitUntil(() => waiting.length === 2, 'the next try');
  expect(waiting[1]?.ids).toEqual(['a sent']);
  waiting[1]?.done();
  await written;
  expect(told).toEqual(['a queued delivered', 'a delivered queued', 'a queued sent']);
});

test('a bite grows while it is quick, shrinks while it is slow, and keeps to its limits', () => {
  const bite = createBite({ least: 100, most: 1_000, targetMs: 50 });
  for (let round = 0; round < 20; round += 1) bite.took(bite.size, 5);
  expect(bite.size).toBe(1_000);
  for (let round = 0; round < 20; round += 1) bite.took(bite.size, 2_000);
  expect(bite.size).toBeLessThan(110);
  const { size } = bite;
  bite.took(3, 10_000);
  expect(bite.size).toBe(size);
});
