import { describe, expect, it } from 'vitest';
import { PASSWORDS_OF_DEVICE_MAX } from '../../../src/lib/access/device-credentials.ts';
import { Credential, CredentialCreated } from '../../../src/lib/api/schema/fleet.ts';
import { startedAccess } from '../../helpers/access.ts';
import { aDevice } from '../../helpers/fleet.ts';

describe('device credentials', () => {
  it('are shown once and listed without their secret', async () => {
    const { deviceCredentials, addDevice } = await startedAccess();
    const meter = await addDevice('meter');
    const token = await deviceCredentials.create(meter, { kind: 'token' });
    expect(CredentialCreated.strict().parse(token)).toMatchObject({
      device: 'meter',
      username: 'meter',
      kind: 'token',
      secret: expect.stringMatching(/^msd_/),
    });
    const password = await deviceCredentials.create(meter, { kind: 'password', password: 'a password of its own' });
    expect(password.secret).toBe('a password of its own');
    const listed = await deviceCredentials.list(meter.id);
    expect(listed.map((each) => Credential.strict().parse(each).kind).sort()).toEqual(['password', 'token']);
  });

  it('have their limits and are not made for a device that is not there', async () => {
    const { deviceCredentials, addDevice } = await startedAccess();
    const meter = await addDevice('meter');
    for (let i = 0; i < PASSWORDS_OF_DEVICE_MAX; i++) await deviceCredentials.create(meter, { kind: 'password' });
    await expect(deviceCredentials.create(meter, { kind: 'password' })).rejects.toMatchObject({ code: 'limit_reached' });
    await deviceCredentials.create(meter, { kind: 'token' });
    await expect(deviceCredentials.create(meter, { kind: 'token', password: 'x' })).rejects.toMatchObject({ code: 'invalid' });
    await expect(deviceCredentials.create(aDevice('none'), { kind: 'token' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('wait for a claim once at a time, and once more when that time is over', async () => {
    const { deviceCredentials, addDevice, clock } = await startedAccess();
    const meter = await addDevice('meter');
    await deviceCredentials.create(meter, { kind: 'claim', validMs: 60_000 });
    await expect(deviceCredentials.create(meter, { kind: 'claim' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('already') });
    clock.advance(60_001);
    const { id } = await deviceCredentials.create(meter, { kind: 'claim' });
    expect(await deviceCredentials.list(meter.id)).toMatchObject([{ id, kind: 'claim', expiresAt: null }]);
    await deviceCredentials.remove(meter.id, id);
    await deviceCredentials.create(meter, { kind: 'token' });
    await expect(deviceCredentials.create(meter, { kind: 'claim' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('tell who listens when one goes, not when one comes', async () => {
    const { deviceCredentials, addDevice } = await startedAccess();
    const meter = await addDevice('meter');
    await addDevice('other');
    const told: string[] = [];
    deviceCredentials.onCredentialsChanged((device) => told.push(device));
    const { id } = await deviceCredentials.create(meter, { kind: 'token' });
    expect(told).toEqual([]);
    await expect(deviceCredentials.remove(aDevice('other').id, id)).rejects.toMatchObject({ code: 'not_found' });
    await deviceCredentials.remove(meter.id, id);
    await expect(deviceCredentials.remove(meter.id, id)).rejects.toMatchObject({ code: 'not_found' });
    deviceCredentials.deviceChanged(meter.id);
    expect(told).toEqual(['meter', 'meter']);
  });
});
