import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CommandInput, transition } from '../../../src/lib/control/transition.ts';
import { COMMAND_STATES, type Command, type CommandState, isSettled } from '../../../src/lib/domain/command.ts';
import type { CommandId, DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';

function queued(): Command {
  return {
    ...{ id: 'c1' as CommandId, project: 'default' as ProjectId, device: 'b1' as DeviceId, kind: 'set', name: 'target', value: { target: 1 } },
    ...{ state: 'queued', reason: null, result: null, lateAnswer: null, actor: 'user:anna', version: null, job: null },
    ...{ createdAt: 0, expiresAt: 1_000, sentAt: null, deliveredAt: null, settledAt: null },
  };
}

const at = fc.integer({ min: 1, max: 10_000 });
const INPUT: fc.Arbitrary<CommandInput> = fc.oneof(
  fc.record({ kind: fc.constant('sent' as const), at }),
  fc.record({ kind: fc.constant('delivered' as const), at }),
  fc.record({ kind: fc.constant('lost' as const) }),
  fc.record({
    kind: fc.constant('answered' as const),
    answer: fc.record({
      state: fc.constantFrom('applied' as const, 'rejected' as const),
      reason: fc.constantFrom(null, 'no'),
      result: fc.constantFrom(null, 7),
    }),
    at,
  }),
  fc.record({ kind: fc.constant('expired' as const), at }),
  fc.record({ kind: fc.constant('cancelled' as const), reason: fc.constant('taken back'), at }),
);

/** Where each state may go. */
const NEXT: Readonly<Record<CommandState, readonly CommandState[]>> = {
  queued: ['sent', 'delivered', 'applied', 'rejected', 'expired', 'cancelled'],
  sent: ['queued', 'delivered', 'applied', 'rejected', 'expired', 'cancelled'],
  delivered: ['applied', 'rejected', 'expired', 'cancelled'],
  ...{ applied: [], rejected: [], expired: [], cancelled: [] },
};

describe('the life of a command', () => {
  test('whatever happens, in whatever order: each step is one of those that there are, and what is settled stays as it is', () => {
    const seen = new Set<CommandState>();
    fc.assert(
      fc.property(fc.array(INPUT, { maxLength: 12 }), (inputs) => {
        let command = queued();
        for (const input of inputs) {
          const next = transition(command, input);
          if (next === null) continue;
          if (isSettled(command.state)) {
            // Nothing but what the device said too late is noted, and once.
            expect(command.lateAnswer).toBeNull();
            expect(['expired', 'cancelled']).toContain(command.state);
            expect({ ...next, lateAnswer: null, result: null }).toEqual({ ...command, result: null });
          } else {
            expect(NEXT[command.state]).toContain(next.state);
            expect(next.settledAt !== null).toBe(isSettled(next.state));
          }
          // Who it is, what it asks and of whom never changes.
          const { id, device, kind, value, actor, createdAt, expiresAt } = command;
          expect(next).toMatchObject({ id, device, kind, value, actor, createdAt, expiresAt });
          seen.add(next.state);
          command = next;
        }
        if (command.state === 'delivered' || command.state === 'applied' || command.state === 'rejected') expect(command.deliveredAt).not.toBeNull();
        if (command.state === 'expired' || command.state === 'cancelled') expect(command.reason).not.toBeNull();
      }),
      { numRuns: 2_000 },
    );
    expect([...seen].sort()).toEqual([...COMMAND_STATES].sort());
  });

  test('the same said twice changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(INPUT, { maxLength: 8 }), INPUT, (before, input) => {
        let command = queued();
        for (const one of before) command = transition(command, one) ?? command;
        const once = transition(command, input);
        if (once !== null && input.kind !== 'delivered') expect(transition(once, input)).toBeNull();
      }),
    );
  });
});
