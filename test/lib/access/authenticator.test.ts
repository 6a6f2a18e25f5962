import { describe, expect, it, vi } from 'vitest';
import { createAuthenticator } from '../../../src/lib/access/authenticator.ts';
import type { Passwords } from '../../../src/lib/access/passwords.ts';
import { makeToken, parseToken } from '../../../src/lib/access/secrets.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { startedAccess } from '../../helpers/access.ts';

const PROJECT = 'default' as ProjectId;
const HERE = '10.0.0.1';
const WRONG = { ok: false, code: 'not_logged_in', reason: 'the credentials are missing, wrong, expired or revoked', retryAfterMs: null };

function withOtherSecret(token: string): string {
  const { secret } = parseToken(makeToken('api').token) ?? { secret: '' };
  return token.slice(0, -43) + secret;
}

describe('a token', () => {
  it('acts as itself, or as its user, and is refused with another secret', async () => {
    const { authenticator, accounts } = await startedAccess();
    const script = await accounts.tokens.issue({ project: PROJECT, name: 'ci', role: 'operator', user: null, expiresAt: null });
    const user = await accounts.users.create(PROJECT, { name: 'ann', role: 'viewer' });
    const hers = await accounts.tokens.issue({ project: PROJECT, name: 'hers', role: 'admin', user: user.id, expiresAt: null });
    expect(await authenticator.bearer(script.token, HERE)).toEqual({
      ok: true,
      principal: { kind: 'token', id: script.id, name: 'ci', project: PROJECT, role: 'operator' },
      expiresAt: null,
    });
    // It never outdoes its user.
    expect(await authenticator.bearer(hers.token, HERE)).toMatchObject({ ok: true, principal: { kind: 'user', name: 'ann', role: 'viewer', token: hers.id } });
    expect(await authenticator.bearer(withOtherSecret(script.token), HERE)).toEqual(WRONG);
    expect(await authenticator.bearer(makeToken('api').token, HERE)).toEqual(WRONG);
    for (const nonsense of ['', 'mst_', 'a'.repeat(10_000_000), '\0', 'mst_*_#']) expect(await authenticator.bearer(nonsense, '10.0.0.2')).toEqual(WRONG);
  });

  it('is refused once it has expired, is revoked, or its user is disabled, although it was remembered', async () => {
    const { authenticator, accounts, clock } = await startedAccess();
    await accounts.users.create(PROJECT, { name: 'root', role: 'admin' });
    const user = await accounts.users.create(PROJECT, { name: 'ann', role: 'admin' });
    const issue = (owner: string | null, expiresAt: number | null) =>
      accounts.tokens.issue({ project: PROJECT, name: 't', role: 'admin', user: owner, expiresAt });
    const [expiring, revoked, hers] = [await issue(null, clock() + 1000), await issue(null, null), await issue(user.id, null)];
    // Whoever keeps a connection open has to know when to end it.
    expect(await authenticator.bearer(expiring.token, HERE)).toMatchObject({ ok: true, expiresAt: clock() + 1000 });
    for (const { token } of [expiring, revoked, hers]) expect(await authenticator.bearer(token, HERE)).toMatchObject({ ok: true });
    clock.advance(1000);
    await accounts.tokens.revoke(PROJECT, revoked.id);
    await accounts.users.update(PROJECT, 'ann', { disabled: true });
    expect(await authenticator.bearer(expiring.token, HERE)).toMatchObject({ ok: false, reason: 'the token has expired' });
    expect(await authenticator.bearer(revoked.token, HERE)).toMatchObject({ ok: false, reason: 'the token is revoked' });
    expect(await authenticator.bearer(hers.token, HERE)).toMatchObject({ ok: false });
    await accounts.users.remove(PROJECT, 'ann');
    expect(await authenticator.bearer(hers.token, HERE)).toEqual(WRONG);
  });

  it('is locked by guesses at its secret, and lets no guess through from a locked address', async () => {
    const { authenticator, accounts, clock, guard } = await startedAccess();
    const { token, id } = await accounts.tokens.issue({ project: PROJECT, name: 'ci', role: 'viewer', user: null, expiresAt: null });
    const other = await accounts.tokens.issue({ project: PROJECT, name: 'other', role: 'viewer', user: null, expiresAt: null });
    for (let i = 0; i < 10; i++) void guard.failed(`token ${id}`, null);
    expect(await authenticator.bearer(token, HERE)).toMatchObject({ ok: false, code: 'locked_out', retryAfterMs: 900_000 });
    for (let i = 0; i < 100; i++) void guard.failed(null, HERE);
    expect(await authenticator.bearer(makeToken('api').token, HERE)).toMatchObject({ ok: false, code: 'locked_out' });
    // A right secret of 256 bits is no guess: one bad script does not shut out everybody behind the same address.
    expect(await authenticator.bearer(other.token, HERE)).toMatchObject({ ok: true });
    clock.advance(900_000);
    expect(await authenticator.bearer(token, HERE)).toMatchObject({ ok: true });
  });
});

describe('a device', () => {
  it('logs in by its id and token, or by the token alone in either place, and as nobody else', async () => {
    const { authenticator, deviceCredentials, addDevice } = await startedAccess();
    const meter = await addDevice('meter');
    await addDevice('other');
    const { id, secret } = await deviceCredentials.create(meter, { kind: 'token' });
    const right = { ok: true, principal: { kind: 'device', id: 'meter', project: PROJECT, credential: id }, expiresAt: null };
    expect(await authenticator.device('meter', secret, HERE)).toEqual(right);
    expect(await authenticator.device('', secret, HERE)).toEqual(right);
    expect(await authenticator.device(secret, '', HERE)).toEqual(right);
    expect(await authenticator.device(secret, secret, HERE)).toEqual(right);
    expect(await authenticator.bearer(secret, HERE)).toEqual(right);
    for (const name of ['other', 'meter ', '+', '#', 'meter\0', 'METER']) expect(await authenticator.device(name, secret, HERE)).toMatchObject({ ok: false });
    expect(await authenticator.device(secret, 'something', HERE)).toMatchObject({ ok: false });
    expect(await authenticator.device('meter', withOtherSecret(secret), HERE)).toEqual(WRONG);
  });

  it('logs in by its password, cheaply the second time, until the password goes', async () => {
    const { authenticator, deviceCredentials, addDevice } = await startedAccess();
    const meter = await addDevice('meter');
    const { id, secret } = await deviceCredentials.create(meter, { kind: 'password' });
    for (let i = 0; i < 200; i++) expect(await authenticator.device('meter', secret, HERE)).toMatchObject({ ok: true });
    expect(await authenticator.device('meter', `${secret}x`, HERE)).toEqual(WRONG);
    await deviceCredentials.remove(meter.id, id);
    expect(await authenticator.device('meter', secret, HERE)).toEqual(WRONG);
  });

  it('without a credential, or unknown, or with a strange name, does not get in', async () => {
    const { authenticator, addDevice } = await startedAccess();
    await addDevice('meter');
    const strange = ['meter', 'nobody', '', '+', '#', '*', 'meter/#', 'meter\0', '\u0001', '__proto__', 'constructor', 'x'.repeat(65_536)];
    for (const [i, name] of strange.entries()) {
      for (const password of ['', 'admin', 'x'.repeat(65_536)]) expect(await authenticator.device(name, password, `10.0.1.${i}`)).toEqual(WRONG);
    }
  });

  it('is refused while it is disabled, and when its token is of a device that went', async () => {
    const { authenticator, deviceCredentials, addDevice, directory, system } = await startedAccess();
    const meter = await addDevice('meter');
    const [token, password] = [await deviceCredentials.create(meter, { kind: 'token' }), await deviceCredentials.create(meter, { kind: 'password' })];
    directory.putDevice({ ...meter, state: 'disabled' });
    for (const { secret } of [token, password])
      expect(await authenticator.device('meter', secret, HERE)).toMatchObject({ ok: false, reason: 'the device is disabled' });
    directory.putDevice(meter);
    for (const { secret } of [token, password]) expect(await authenticator.device('meter', secret, HERE)).toMatchObject({ ok: true });
    await system.log.commit({ statements: system.devices.remove(meter.id) });
    directory.removeDevice(meter.id);
    deviceCredentials.deviceChanged(meter.id);
    // Another one of the same name does not inherit them.
    await addDevice('meter');
    for (const { secret } of [token, password]) expect(await authenticator.device('meter', secret, HERE)).toEqual(WRONG);
  });

  it('is locked after ten wrong passwords, its right one included, and free again after the window', async () => {
    const { authenticator, deviceCredentials, addDevice, clock, guard } = await startedAccess();
    const meter = await addDevice('meter');
    const { secret } = await deviceCredentials.create(meter, { kind: 'password' });
    for (let i = 0; i < 9; i++) void guard.failed('device meter', null);
    expect(await authenticator.device('meter', secret, '127.0.0.1')).toMatchObject({ ok: true });
    for (let i = 0; i < 9; i++) void guard.failed('device meter', null);
    expect(await authenticator.device('meter', 'wrong', '127.0.0.1')).toEqual(WRONG);
    expect(await authenticator.device('meter', secret, '127.0.0.1')).toMatchObject({ ok: false, code: 'locked_out', retryAfterMs: 900_000 });
    clock.advance(900_000);
    expect(await authenticator.device('meter', secret, '127.0.0.1')).toMatchObject({ ok: true });
  });
});

describe('many guesses at once', () => {
  it('learn nothing when they end after the lock, be they right or wrong', async () => {
    const { system, directory, guard, clock, addDevice, deviceCredentials } = await startedAccess();
    const meter = await addDevice('meter');
    await deviceCredentials.create(meter, { kind: 'password' });
    const answers: ((right: boolean) => void)[] = [];
    const checked = () => new Promise<boolean>((resolve) => answers.push(resolve));
    const passwords: Passwords = { hash: async () => '', verify: checked, verifyAgain: checked, pretend: async () => false };
    const authenticator = createAuthenticator({
      system,
      directory,
      guard,
      clock,
      passwords,
      certificates: { check: () => Promise.reject(new Error('not used')) },
    });
    const guesses = ['one', 'two'].map((guess) => authenticator.device('meter', guess, HERE));
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    for (let i = 0; i < 10; i++) void guard.failed('device meter', null);
    answers[0]?.(true);
    answers[1]?.(false);
    for (const guess of guesses) expect(await guess).toMatchObject({ ok: false, code: 'locked_out' });
  });
});

describe('a person', () => {
  it('logs in by name and password, and a wrong name looks like a wrong password', async () => {
    const { authenticator, accounts } = await startedAccess();
    const { id } = await accounts.users.create(PROJECT, { name: 'ann', role: 'admin', password: 'long enough password' });
    expect(await authenticator.user('ann', 'long enough password', HERE)).toEqual({
      ok: true,
      principal: { kind: 'user', id, name: 'ann', project: PROJECT, role: 'admin', token: null },
    });
    expect(await authenticator.user('ann', 'wrong', HERE)).toEqual(WRONG);
    expect(await authenticator.user('bob', 'long enough password', HERE)).toEqual(WRONG);
    for (const name of ['', "ann' or 1=1 --", 'ann\0', 'x'.repeat(100_000)])
      expect(await authenticator.user(name, 'long enough password', '10.0.0.3')).toEqual(WRONG);
    expect(await authenticator.user('ann', 'x'.repeat(100_000), '10.0.0.4')).toEqual(WRONG);
  });

  it('that does not exist costs the same time as one that does', async () => {
    const { authenticator, accounts } = await startedAccess();
    await accounts.users.create(PROJECT, { name: 'ann', role: 'admin', password: 'long enough password' });
    const time = async (name: string, address: string) => {
      const began = performance.now();
      await authenticator.user(name, 'wrong', address);
      return performance.now() - began;
    };
    const [known, unknown] = [[], []] as [number[], number[]];
    for (let i = 0; i < 2; i++) {
      known.push(await time('ann', `10.1.0.${i}`));
      unknown.push(await time(`nobody-${i}`, `10.1.1.${i}`));
    }
    // A hash takes tens of milliseconds; answering without one would take a fraction of one.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 4);
  });

  it('is refused while disabled', async () => {
    const { authenticator, accounts } = await startedAccess();
    await accounts.users.create(PROJECT, { name: 'root', role: 'admin' });
    await accounts.users.create(PROJECT, { name: 'ann', role: 'viewer', password: 'long enough password' });
    await accounts.users.update(PROJECT, 'ann', { disabled: true });
    expect(await authenticator.user('ann', 'long enough password', HERE)).toEqual(WRONG);
  });
});
