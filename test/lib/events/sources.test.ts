import { describe, expect, it, vi } from 'vitest';
import type { DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { recordAccess, type Somebody } from '../../../src/lib/events/access-events.ts';
import { recordConnections } from '../../../src/lib/events/connection-events.ts';
import type { NewEvent } from '../../../src/lib/events/event-recorder.ts';
import { deviceUpdated, typeUpdated } from '../../../src/lib/events/fleet-events.ts';
import { aDevice } from '../../helpers/fleet.ts';

const PROJECT = 'default' as ProjectId;

function collecting() {
  const events: NewEvent[] = [];
  const recorder = { record: (event: NewEvent) => void events.push(event) } as never;
  return { events, recorder };
}

describe('connections in the journal', () => {
  const connection = { device: 'gw' as DeviceId, protocol: 'mqtt', address: '10.0.0.7' };

  it('say who, how, from where, and at the end for how long and why', () => {
    const { events, recorder } = collecting();
    const observer = recordConnections({ recorder, projectOf: () => PROJECT, isStopping: () => false });
    observer.connected(connection, 1000);
    observer.disconnected(connection, 91_000, 'the connection was lost', 1000);
    expect(events).toMatchObject([
      { kind: 'device.connected', project: PROJECT, device: 'gw', actor: 'device:gw', time: 1000, text: 'gw connected over mqtt from 10.0.0.7' },
      {
        kind: 'device.disconnected',
        time: 91_000,
        text: 'gw disconnected after 1m30s: the connection was lost',
        details: { protocol: 'mqtt', address: '10.0.0.7', reason: 'the connection was lost', lastedMs: 90_000 },
      },
    ]);
  });

  it('are not told of a device that is gone, nor one by one when the hub ends them all', () => {
    const { events, recorder } = collecting();
    recordConnections({ recorder, projectOf: () => null, isStopping: () => false }).connected(connection, 1);
    recordConnections({ recorder, projectOf: () => PROJECT, isStopping: () => true }).disconnected(connection, 1, 'x', 1);
    expect(events).toEqual([]);
  });
});

describe('changes of the fleet in the journal', () => {
  it('say what was before and what is now, of that alone which changed', () => {
    const before = aDevice('b1', { labels: { site: 'paris' } });
    expect(deviceUpdated(before, { ...before, updatedAt: 9 }, 'user:anna', 5)).toBeNull();
    expect(deviceUpdated(before, { ...before, name: 'Boiler', labels: {} }, 'user:anna', 5)).toMatchObject({
      kind: 'device.updated',
      text: 'device b1 was updated by user:anna: name, labels',
      details: { changed: ['name', 'labels'], before: { name: before.name, labels: { site: 'paris' } }, after: { name: 'Boiler', labels: {} } },
    });
  });

  it('notice points of a type that are others though they are as many', () => {
    const type = { id: 't', project: PROJECT, mode: 'open', description: null, points: [{ path: 'a' }], createdAt: 1, updatedAt: 1 } as never;
    const other = { ...(type as object), points: [{ path: 'b' }] } as never;
    expect(typeUpdated(type, other, 'token:ci', 5)).toMatchObject({ kind: 'type.updated', device: null, details: { type: 't', changed: ['points'] } });
    expect(typeUpdated(type, type, 'token:ci', 5)).toBeNull();
  });
});

describe('refused credentials in the journal', () => {
  const HOME = 'home' as ProjectId;
  const gateway = { project: PROJECT, actor: 'device:gw', device: 'gw' as DeviceId };
  function access() {
    const { events, recorder } = collecting();
    let asked = 0;
    const made = recordAccess({ recorder, clock: () => 7, home: HOME });
    const refuse = (claim: string, address: string | null, somebody: Somebody | null | Error = null) =>
      made.refused({
        claim,
        address,
        reason: 'wrong',
        async find() {
          asked += 1;
          if (somebody instanceof Error) throw somebody;
          return somebody;
        },
      });
    return { events, made, refuse, asked: () => asked };
  }
  const settled = () => new Promise<void>((done) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(done))));

  it('are told at once, then a minute of them together, and the next one at once again when it was quiet', async () => {
    vi.useFakeTimers();
    try {
      const { events, made, refuse, asked } = access();
      for (let time = 0; time < 25; time += 1) refuse('device gw', '10.0.0.9', gateway);
      await settled();
      for (let time = 0; time < 25; time += 1) refuse('device gw', '10.0.0.9', gateway);
      refuse('device gw', '10.0.0.10', gateway);
      await settled();
      expect(events.map(({ text }) => text)).toEqual(['device:gw from 10.0.0.9 was refused: wrong', 'device:gw from 10.0.0.10 was refused: wrong']);
      expect(events[0]).toMatchObject({ project: PROJECT, actor: 'device:gw', device: 'gw', time: 7 });
      expect(asked()).toBe(2);
      vi.advanceTimersByTime(60_000);
      expect(events.slice(2)).toMatchObject([{ text: 'device:gw from 10.0.0.9 was refused 49 more times: wrong', details: { times: 49 } }]);
      vi.advanceTimersByTime(120_000);
      refuse('device gw', '10.0.0.9', gateway);
      await settled();
      expect(events).toHaveLength(4);
      made.stop();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('of a sender who tries many names are told together, and no name is written down that is none', async () => {
    const { events, made, refuse } = access();
    for (let index = 0; index < 300; index += 1) refuse(`device hunter2-${index}`, '10.0.0.9');
    await settled();
    made.stop();
    expect(events.map(({ project, text }) => [project, text])).toEqual([
      [HOME, 'somebody unknown from 10.0.0.9 was refused: wrong'],
      [HOME, 'somebody unknown from 10.0.0.9 was refused 299 more times: wrong'],
    ]);
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });

  it('of very many senders are told together, nobody is asked for each, and stop tells what is left', async () => {
    const { events, made, refuse, asked } = access();
    for (let index = 0; index < 20_000; index += 1) refuse('token', `10.0.${index >> 8}.${index & 255}`);
    await settled();
    expect(asked()).toBe(5_000);
    expect(events.length).toBeLessThanOrEqual(501);
    made.stop();
    expect(events.reduce((sum, { details }) => sum + Number(details.times), 0)).toBe(20_000);
  });

  it('are told though it cannot be found out whose they are', async () => {
    const { events, refuse } = access();
    refuse('user anna', '10.0.0.9', new Error('the disk'));
    await settled();
    expect(events).toMatchObject([{ kind: 'access.refused', actor: 'unknown' }]);
  });
});
