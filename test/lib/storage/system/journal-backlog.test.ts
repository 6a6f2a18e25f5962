import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJournalBacklog } from '../../../../src/lib/storage/system/journal-backlog.ts';

describe('the journal backlog', () => {
  it('counts what is not applied, and gives each applied entry for deletion once', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), bytes: fc.nat(20_000_000) }),
      fc.record({ kind: fc.constant('apply' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant('delete' as const), fails: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const backlog = createJournalBacklog();
        const sizes: number[] = [];
        let applied = 0;
        let deleted = 0;
        for (const each of steps) {
          if (each.kind === 'add') backlog.add(sizes.push(each.bytes), each.bytes);
          if (each.kind === 'apply') {
            applied = Math.max(applied, Math.floor(sizes.length * each.share));
            backlog.applied(applied);
          }
          if (each.kind === 'delete') {
            const upTo = backlog.takeDeletable();
            if (upTo > applied || (upTo !== 0 && upTo <= deleted)) return false;
            if (upTo === 0 && deleted < applied) return false;
            if (each.fails) backlog.keepDeletable();
            else deleted = Math.max(deleted, upTo);
          }
          if (backlog.bytes !== sizes.slice(applied).reduce((sum, bytes) => sum + bytes, 0)) return false;
        }
        return true;
      }),
    );
  });

  it('says when deleting is worth a commit of its own', () => {
    const backlog = createJournalBacklog();
    for (let id = 1; id <= 3; id++) backlog.add(id, 5_000_000);
    backlog.applied(1);
    expect(backlog.deletionIsDue).toBe(false);
    backlog.applied(2);
    expect(backlog.deletionIsDue).toBe(true);
    expect(backlog.takeDeletable()).toBe(2);
    expect(backlog.deletionIsDue).toBe(false);
    backlog.keepDeletable();
    expect(backlog.deletionIsDue).toBe(true);
  });

  it('keeps the newest of what is applied, and counts it as applied all the same', () => {
    const backlog = createJournalBacklog(1000);
    for (let id = 1; id <= 10; id++) backlog.add(id, 300);
    backlog.applied(10);
    expect(backlog.bytes).toBe(0);
    expect(backlog.takeDeletable()).toBe(7);
    backlog.add(11, 900);
    backlog.applied(11);
    expect(backlog.takeDeletable()).toBe(10);
    expect(backlog.takeDeletable()).toBe(0);
  });

  it('forgets what is set aside, applied or not', () => {
    const backlog = createJournalBacklog(1000);
    for (let id = 1; id <= 4; id++) backlog.add(id, 400);
    backlog.remove(4);
    expect(backlog.bytes).toBe(1200);
    backlog.applied(2);
    backlog.remove(1);
    expect(backlog.bytes).toBe(400);
    backlog.applied(3);
    // 2 and 3 have 800 bytes, and nothing has to go for what is not there any more.
    expect(backlog.takeDeletable()).toBe(0);
  });
});
