import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../src/lib/domain/ids.ts';
import { createPresence } from '../../../src/lib/fleet/live-presence.ts';

const gateway = 'gateway' as DeviceId;
const child = 'child' as DeviceId;
const connection = (id: string, device = gateway) => ({ id, device, protocol: 'mqtt', address: '10.0.0.1' });

describe('presence', () => {
  it('is online from the first connection to the last disconnection', () => {
    const presence = createPresence();
    presence.connected(connection('1'), 100);
    presence.connected(connection('2'), 200);
    presence.disconnected('1', 300, 'gone');
    expect(presence.status(gateway)).toEqual({ online: true, connectedAt: 200, lastSeenAt: 300, lastAddress: '10.0.0.1', protocol: 'mqtt' });
    presence.disconnected('2', 400, 'gone');
    expect(presence.status(gateway)).toMatchObject({ online: false, connectedAt: null, lastSeenAt: 400 });
  });

  it('takes a child for online while the connection that reported for it is open', () => {
    const presence = createPresence();
    presence.connected(connection('1'), 100);
    presence.seen(child, { connectionId: '1', protocol: 'mqtt', address: '10.0.0.1' }, 150);
    expect([presence.isOnline(gateway), presence.isOnline(child)]).toEqual([true, true]);
    expect(presence.status(child)).toMatchObject({ online: true, connectedAt: 150 });
    presence.disconnected('1', 200, 'gone');
    expect(presence.status(child)).toMatchObject({ online: false, lastSeenAt: 150 });
  });

  it('sees a device without a connection, and forgets to be online over a restart', () => {
    const presence = createPresence();
    presence.seen(gateway, { connectionId: null, protocol: 'http', address: '10.0.0.2' }, 50);
    expect(presence.status(gateway)).toMatchObject({ online: false, lastSeenAt: 50, protocol: 'http' });
    const after = createPresence();
    after.restore([{ last: null, take: () => ({ online: true, connectedAt: 1, lastSeenAt: 60, lastAddress: 'x', protocol: 'mqtt' }) }]);
    expect(after.status(gateway)).toMatchObject({ online: false, lastSeenAt: 60 });
  });

  it('takes what a former run knew of a device when it is asked for, once, from the piece that has it', () => {
    const taken: string[] = [];
    const piece = (last: string | null, ...ids: string[]) => ({
      last: last as DeviceId | null,
      take(device: DeviceId) {
        if (!ids.includes(device) || taken.includes(device)) return null;
        taken.push(device);
        return { online: false, connectedAt: null, lastSeenAt: 7, lastAddress: null, protocol: 'mqtt' };
      },
    });
    const presence = createPresence();
    const seen = (device: string) => presence.status(device as DeviceId).lastSeenAt;
    presence.restore([piece('c', 'a', 'c'), piece('f', 'd'), piece(null, 'g')]);
    expect([presence.isOnline('a' as DeviceId), taken]).toEqual([false, []]);
    expect([seen('c'), seen('c'), seen('b'), taken]).toEqual([7, 7, null, ['c']]);
    presence.seen('a' as DeviceId, { connectionId: null, protocol: 'http', address: null }, 50);
    presence.seen('z' as DeviceId, { connectionId: null, protocol: 'http', address: null }, 50);
    expect([seen('a'), presence.live('g' as DeviceId).lastSeenAt, seen('z'), taken]).toEqual([50, 7, 50, ['c', 'a', 'g']]);
    presence.forget('d' as DeviceId);
    expect([seen('d'), taken]).toEqual([null, ['c', 'a', 'g', 'd']]);
  });

  it('tells whoever gets the name of a deleted device nothing of it', () => {
    const presence = createPresence();
    presence.connected(connection('1'), 100);
    presence.forget(gateway);
    presence.disconnected('1', 200, 'gone');
    expect(presence.status(gateway)).toEqual({ online: false, connectedAt: null, lastSeenAt: null, lastAddress: null, protocol: null });
    presence.connected(connection('2'), 300);
    presence.forget(gateway);
    presence.seen(gateway, { connectionId: null, protocol: 'http', address: null }, 400);
    presence.disconnected('2', 500, 'gone');
    expect(presence.status(gateway)).toMatchObject({ online: false, lastSeenAt: 400 });
    expect(presence.takeChanged(10)).toEqual([gateway]);
  });

  it('hands out what changed once', () => {
    const presence = createPresence();
    presence.connected(connection('1'), 100);
    presence.seen(child, { connectionId: '1', protocol: 'mqtt', address: null }, 100);
    expect(presence.takeChanged(1)).toEqual([gateway]);
    expect(presence.takeChanged(10)).toEqual([child]);
    expect(presence.takeChanged(10)).toEqual([]);
  });
});
