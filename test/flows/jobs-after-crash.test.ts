import { expect, test } from 'vitest';
import { jobOverKills } from '../helpers/job-over-kills.ts';

const CHILDREN = 300;

test('a job over devices behind a gateway goes on when the hub is killed in the middle, and asks nobody again that was asked', {
  timeout: 120_000,
}, async () => {
  /** Ids of commands, by the device that they were for. */
  const asked = new Map<string, Set<string>>();
  const afterwards: string[] = [];
  const { api, id, rejected } = await jobOverKills({
    children: CHILDREN,
    asks: 'call',
    path: '/jobs',
    job: { call: { name: 'restart' } },
    kills: [40, 120, 200],
    onAsked(device, command, isSettled) {
      if (isSettled) afterwards.push(command.id);
      asked.set(device, (asked.get(device) ?? new Set()).add(command.id));
    },
  });
  // Each device has one command of the job, though that may have come twice; and none after its answer was acknowledged.
  expect(asked.size).toBe(CHILDREN);
  expect([...asked].filter(([, commands]) => commands.size !== 1)).toEqual([]);
  expect(afterwards).toEqual([]);
  const { body } = await api('GET', `/jobs/${id}/devices?state=rejected&limit=1000`);
  expect(body.items.map(({ device }: { device: string }) => device)).toEqual(rejected);
});
