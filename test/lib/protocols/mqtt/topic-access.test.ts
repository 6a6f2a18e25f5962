import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorize } from '../../../../src/lib/access/authorize.ts';
import type { Principal } from '../../../../src/lib/access/principal.ts';
import type { DeviceId, ProjectId } from '../../../../src/lib/domain/ids.ts';
import { Directory } from '../../../../src/lib/fleet/directory.ts';
import { type Access, forwardAccess, parseDeviceTopic, publishAccess, subscribeAccess } from '../../../../src/lib/protocols/mqtt/topic-access.ts';
import { aDevice } from '../../../helpers/fleet.ts';

const directory = new Directory();
directory.putDevice(aDevice('gw', { project: 'a' }));
directory.putDevice(aDevice('sensor', { project: 'a', parent: 'gw' }));
directory.putDevice(aDevice('pump', { project: 'a' }));
directory.putDevice(aDevice('idle', { project: 'a', state: 'disabled', parent: 'gw' }));
directory.putDevice(aDevice('other', { project: 'b' }));
const access: Access = { directory, authorize };

const device = (id: string, project = 'a'): Principal => ({ kind: 'device', id: id as DeviceId, project: project as ProjectId });
const token = (role: 'viewer' | 'operator', project = 'a'): Principal => ({ kind: 'token', id: 't', name: 't', project: project as ProjectId, role });
const publishes = (who: Principal, topic: string, will = false) => publishAccess(access, who, parseDeviceTopic(topic), will).ok;

describe('publishing', () => {
  it.each([
    ['its own report', 'gw', 'devices/gw/report', true],
    ['its own birth', 'gw', 'devices/gw/birth', true],
    ['its set result', 'gw', 'devices/gw/set/result', true],
    ['its call result', 'gw', 'devices/gw/call/result', true],
    ['its time', 'gw', 'devices/gw/time', true],
    ['the report of a child', 'gw', 'devices/sensor/report', true],
    ['the report of its gateway', 'sensor', 'devices/gw/report', false],
    ['the report of a neighbour', 'gw', 'devices/pump/report', false],
    ['the report of a disabled child', 'gw', 'devices/idle/report', false],
    ['another project', 'gw', 'devices/other/report', false],
    ['an unknown device', 'gw', 'devices/ghost/report', false],
    ['a command to itself', 'gw', 'devices/gw/set', false],
    ['its death while it lives', 'gw', 'devices/gw/death', false],
    ['below report', 'gw', 'devices/gw/report/x', false],
    ['an empty level', 'gw', 'devices//report', false],
    ['no kind', 'gw', 'devices/gw', false],
    ['an empty kind', 'gw', 'devices/gw/', false],
    ['any other topic', 'gw', 'a/b', false],
    ['$SYS', 'gw', '$SYS/x', false],
    ['$share', 'gw', '$share/g/devices/gw/report', false],
  ])('a device: %s', (_name, who, topic, expected) => expect(publishes(device(who), topic)).toBe(expected));

  it('a device may leave its death as a will, and not that of another', () => {
    expect(publishes(device('gw'), 'devices/gw/death', true)).toBe(true);
    expect(publishes(device('gw'), 'devices/pump/death', true)).toBe(false);
    expect(publishes(device('gw'), 'devices/pump/death', false)).toBe(false);
    // Of what stands behind it, a gateway may say so any time.
    expect(publishes(device('gw'), 'devices/sensor/death', false)).toBe(true);
  });

  it('a disabled or deleted device may not publish', () => {
    expect(publishes(device('idle'), 'devices/idle/report')).toBe(false);
    expect(publishes(device('ghost'), 'devices/ghost/report')).toBe(false);
  });

  it('an application reports for the devices of its project if its role says so, and does nothing else', () => {
    expect(publishes(token('operator'), 'devices/pump/report')).toBe(true);
    expect(publishes(token('viewer'), 'devices/pump/report')).toBe(false);
    expect(publishes(token('operator'), 'devices/other/report')).toBe(false);
    expect(publishes(token('operator'), 'devices/pump/set')).toBe(false);
    expect(publishes(token('operator'), 'devices/pump/death', true)).toBe(false);
  });
});

describe('subscribing', () => {
  it.each([
    [device('gw'), 'devices/gw/set', true],
    [device('gw'), 'devices/gw/call/#', true],
    [device('gw'), 'devices/gw/time', true],
    [device('gw'), 'devices/sensor/set/+', true],
    [device('gw'), 'devices/gw/report', false],
    [device('gw'), 'devices/gw/#', false],
    [device('gw'), 'devices/+/set', false],
    [device('gw'), 'devices/pump/set', false],
    [device('gw'), 'devices/other/set', false],
    [device('gw'), '#', false],
    [token('viewer'), 'devices/#', true],
    [token('viewer'), 'devices/+/report', true],
    [token('viewer'), 'devices/pump/#', true],
    [token('viewer'), 'devices/other/#', false],
    [token('viewer'), 'devices', false],
    [token('viewer'), '#', false],
    [token('viewer'), '+/pump/report', false],
    [token('viewer'), '$SYS/#', false],
  ] as const)('%o to %s: %s', (who, filter, expected) => expect(subscribeAccess(access, who, filter).ok).toBe(expected));
});

describe('delivering', () => {
  it('gives an application the topics of its own project', () => {
    expect(forwardAccess(access, token('viewer'), 'devices/pump/report')).toBe(true);
    expect(forwardAccess(access, token('viewer'), 'devices/other/report')).toBe(false);
    expect(forwardAccess(access, token('viewer'), '$SYS/x')).toBe(false);
  });

  it('never crosses projects, whatever the topic', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('devices', 'other', 'pump', 'set', 'report', '', '$SYS', '+', '#')), (levels) => {
        const topic = levels.join('/');
        for (const who of [device('gw'), token('operator')]) {
          if (levels[1] === 'other' || levels[0] !== 'devices') expect(forwardAccess(access, who, topic)).toBe(false);
          if (levels[1] === 'other') expect(publishes(who, topic)).toBe(false);
          if (levels[1] === 'other' || levels[0] !== 'devices') expect(subscribeAccess(access, who, topic).ok).toBe(false);
        }
      }),
    );
  });
});
