import { describe, expect, it } from 'vitest';
import { SESSIONS_OF_USER_MAX } from '../../../src/lib/access/api-tokens.ts';
import { LoginResponse, Token, TokenCreated, User, UserCreated } from '../../../src/lib/api/schema/access.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { startedAccess } from '../../helpers/access.ts';

const PROJECT = 'default' as ProjectId;
const OTHER = 'other' as ProjectId;
const PASSWORD = 'long enough password';

describe('users', () => {
  it('are made with a password that is shown once, or with the one that is given', async () => {
    const { accounts, authenticator } = await startedAccess();
    const made = await accounts.users.create(PROJECT, { name: 'ann', role: 'admin' });
    expect(UserCreated.strict().parse(made)).toEqual(made);
    expect(await authenticator.user('ann', made.password ?? '', null)).toMatchObject({ ok: true });
    expect(await accounts.users.create(PROJECT, { name: 'bob', role: 'viewer', password: PASSWORD })).not.toHaveProperty('password');
    const listed = await accounts.users.list(PROJECT);
    expect(listed.map((user) => User.strict().parse(user).name)).toEqual(['ann', 'bob']);
    await expect(accounts.users.create(OTHER, { name: 'ann', role: 'viewer' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(accounts.users.create(PROJECT, { name: 'a/b', role: 'viewer' })).rejects.toMatchObject({ code: 'invalid_name' });
    await expect(accounts.users.create('none' as ProjectId, { name: 'x', role: 'viewer' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('always leave a project one administrator who can log in', async () => {
    const { accounts } = await startedAccess();
    await accounts.users.create(OTHER, { name: 'stranger', role: 'admin' });
    await accounts.users.create(PROJECT, { name: 'ann', role: 'admin' });
    await accounts.users.create(PROJECT, { name: 'viewer', role: 'viewer' });
    const lasts = [
      () => accounts.users.remove(PROJECT, 'ann'),
      () => accounts.users.update(PROJECT, 'ann', { disabled: true }),
      () => accounts.users.update(PROJECT, 'ann', { role: 'operator' }),
    ];
    for (const last of lasts) await expect(last()).rejects.toMatchObject({ code: 'conflict' });
    await accounts.users.create(PROJECT, { name: 'bob', role: 'admin' });
    // At the same time: one of the two stays.
    const results = await Promise.allSettled([accounts.users.remove(PROJECT, 'ann'), accounts.users.update(PROJECT, 'bob', { role: 'viewer' })]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await accounts.users.list(PROJECT)).filter((user) => user.role === 'admin' && !user.disabled)).toHaveLength(1);
  });

  it('of another project are not found', async () => {
    const { accounts } = await startedAccess();
    await accounts.users.create(OTHER, { name: 'ann', role: 'admin' });
    await expect(accounts.users.update(PROJECT, 'ann', { role: 'viewer' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(accounts.users.remove(PROJECT, 'ann')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('lose their log-ins when anything about them changes, and who listens is told', async () => {
    const { accounts, authenticator } = await startedAccess();
    await accounts.users.create(PROJECT, { name: 'root', role: 'admin' });
    await accounts.users.create(PROJECT, { name: 'ann', role: 'operator', password: PASSWORD });
    const told: string[] = [];
    accounts.onTokenRevoked(() => {
      throw new Error('a listener that fails does not keep it from the others');
    });
    const off = accounts.onTokenRevoked((id) => told.push(id));
    for (const change of [{ role: 'viewer' }, { password: `${PASSWORD}2` }, { disabled: true }] as const) {
      await accounts.users.update(PROJECT, 'ann', { disabled: false });
      const { token, tokenId } = await accounts.login('ann', 'password' in change ? PASSWORD : told.length > 1 ? `${PASSWORD}2` : PASSWORD, null);
      expect(await authenticator.bearer(token, null)).toMatchObject({ ok: true });
      await accounts.users.update(PROJECT, 'ann', change);
      expect(told.at(-1)).toBe(tokenId);
      expect(await authenticator.bearer(token, null)).toMatchObject({ ok: false });
    }
    off();
    const count = told.length;
    await accounts.users.remove(PROJECT, 'ann');
    expect(told).toHaveLength(count);
  });
});

describe('a log-in', () => {
  it('is a token of the user that expires, and ends with a log-out', async () => {
    const { accounts, authenticator, clock } = await startedAccess();
    await accounts.users.create(PROJECT, { name: 'ann', role: 'operator', password: PASSWORD });
    const login = await accounts.login('ann', PASSWORD, '10.0.0.1');
    expect(LoginResponse.strict().parse(login)).toEqual(login);
    expect(login).toMatchObject({ user: 'ann', role: 'operator', project: PROJECT, expiresAt: clock() + 30 * 86_400_000 });
    const answer = await authenticator.bearer(login.token, null);
    expect(answer).toMatchObject({ ok: true, principal: { kind: 'user', name: 'ann', token: login.tokenId } });
    if (answer.ok) await accounts.logout(answer.principal);
    expect(await authenticator.bearer(login.token, null)).toMatchObject({ ok: false });
    const again = await accounts.login('ann', PASSWORD, '10.0.0.1');
    clock.advance(30 * 86_400_000);
    expect(await authenticator.bearer(again.token, null)).toMatchObject({ ok: false });
  });

  it('is refused with what the guard says', async () => {
    const { accounts, guard } = await startedAccess();
    await accounts.users.create(PROJECT, { name: 'ann', role: 'operator', password: PASSWORD });
    await expect(accounts.login('ann', 'wrong', null)).rejects.toMatchObject({ code: 'not_logged_in' });
    for (let i = 0; i < 10; i++) void guard.failed('user ann', null);
    await expect(accounts.login('ann', PASSWORD, null)).rejects.toMatchObject({ code: 'locked_out', details: { retryAfterMs: 900_000 } });
  });

  it('makes the oldest of too many end', async () => {
    const { accounts, authenticator, system, clock } = await startedAccess();
    const { id } = await accounts.users.create(PROJECT, { name: 'ann', role: 'operator', password: PASSWORD });
    const user = await system.users.byId(id);
    if (user === null) throw new Error('the user is missing');
    const sessions = [];
    for (let i = 0; i < SESSIONS_OF_USER_MAX + 3; i++) {
      clock.advance(1);
      sessions.push(await accounts.tokens.issueSession(user, clock() + 1e9));
    }
    const works = await Promise.all(sessions.map(async ({ token }) => (await authenticator.bearer(token, null)).ok));
    expect(works.indexOf(true)).toBe(3);
    expect(works.filter(Boolean)).toHaveLength(SESSIONS_OF_USER_MAX);
  });
});

describe('API tokens', () => {
  it('are listed without their secret, by project, and revoked for good', async () => {
    const { accounts, clock } = await startedAccess();
    const user = await accounts.users.create(PROJECT, { name: 'ann', role: 'admin' });
    const made = await accounts.tokens.issue({ project: PROJECT, name: 'ci', role: 'viewer', user: user.id, expiresAt: clock() + 1000 });
    expect(TokenCreated.strict().parse(made)).toEqual(made);
    const [listed] = await accounts.tokens.list(PROJECT);
    expect(Token.strict().parse(listed)).toMatchObject({ id: made.id, user: 'ann', revokedAt: null });
    expect(await accounts.tokens.list(OTHER)).toEqual([]);
    await expect(accounts.tokens.revoke(OTHER, made.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(accounts.tokens.revoke(PROJECT, 'none')).rejects.toMatchObject({ code: 'not_found' });
    const at = clock();
    await accounts.tokens.revoke(PROJECT, made.id);
    clock.advance(5);
    await accounts.tokens.revoke(PROJECT, made.id);
    expect((await accounts.tokens.list(PROJECT))[0]).toMatchObject({ revokedAt: at });
    // What ended long ago goes when the next one comes.
    clock.advance(8 * 86_400_000);
    await accounts.tokens.issue({ project: PROJECT, name: 'next', role: 'viewer', user: null, expiresAt: null });
    expect((await accounts.tokens.list(PROJECT)).map(({ name }) => name)).toEqual(['next']);
  });

  it('are not made for nobody, nor for yesterday', async () => {
    const { accounts, clock } = await startedAccess();
    const wanted = { project: PROJECT, name: 'x', role: 'viewer', user: null, expiresAt: null } as const;
    await expect(accounts.tokens.issue({ ...wanted, expiresAt: clock() })).rejects.toMatchObject({ code: 'invalid' });
    await expect(accounts.tokens.issue({ ...wanted, user: 'none' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(accounts.tokens.issue({ ...wanted, project: 'none' as ProjectId })).rejects.toMatchObject({ code: 'not_found' });
  });
});
