import { expect, it } from 'vitest';
import type { NewEvent } from '../../../src/lib/events/event-recorder.ts';
import { watchExpiry } from '../../../src/lib/provisioning/watch-expiry.ts';
import { startedAccess } from '../../helpers/access.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';

const DAY_MS = 86_400_000;

it('warns of each credential once, but not of one that its device has renewed, and removes what expired long ago', async () => {
  const { system, deviceCredentials, addDevice, clock, authenticator } = await startedAccess();
  const told: NewEvent[] = [];
  const watch = watchExpiry({ system, recorder: { record: (event) => told.push(event) }, warningDays: 14, clock, log: SILENT_LOG });
  const [a, b] = [await addDevice('a'), await addDevice('b')];
  const soon = await deviceCredentials.create(a, { kind: 'token', validMs: 20 * DAY_MS });
  await deviceCredentials.create(a, { kind: 'token', validMs: null });
  const renewed = await deviceCredentials.create(b, { kind: 'token', validMs: 20 * DAY_MS });
  const next = await deviceCredentials.renew(b, renewed.id);
  await watch.look();
  expect(told).toEqual([]);
  clock.advance(7 * DAY_MS);
  await Promise.all([watch.look(), watch.look()]);
  await watch.look();
  // The successor runs out at about the same time, and nobody renewed that.
  expect(told.map(({ device, kind, details }) => [device, kind, details.credential]).sort()).toEqual(
    [
      ['a', 'credential.expiring', soon.id],
      ['b', 'credential.expiring', next.id],
    ].sort(),
  );
  clock.advance(14 * DAY_MS);
  expect(await authenticator.bearer(soon.secret, null)).toMatchObject({ ok: false, reason: 'the token has expired' });
  expect(await deviceCredentials.list(a.id)).toHaveLength(2);
  clock.advance(30 * DAY_MS);
  await watch.look();
  expect(await deviceCredentials.list(a.id)).toHaveLength(1);
  await watch.stop();
});

it('warns of more than one batch', async () => {
  const { system, addDevice, clock } = await startedAccess();
  const device = await addDevice('a');
  const statements = Array.from({ length: 1_203 }, (_, index) =>
    system.credentials.insert({
      ...{
        id: `c${index}`,
        project: device.project,
        device: device.id,
        kind: 'token' as const,
        secretHash: '',
        createdAt: clock(),
        expiresAt: clock() + DAY_MS,
      },
    }),
  );
  await system.log.commit({ statements });
  const told: NewEvent[] = [];
  await watchExpiry({ system, recorder: { record: (event) => told.push(event) }, warningDays: 14, clock, log: SILENT_LOG }).look();
  expect(new Set(told.map(({ details }) => details.credential)).size).toBe(1_203);
});
