import { afterAll, beforeAll, expect, test } from 'vitest';
import { readContexts } from '../../src/lib/cli/contexts.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub([], { keep: true });
});
afterAll(async () => {
  await hub?.stop();
});
const muster = (args: readonly string[], input?: string) => runMuster(args, { env: hub.env, ...(input === undefined ? {} : { input }) });
const PASSWORD = 'correct horse battery staple';

test('a person logs in with a password, works, logs out, and the token is dead', { timeout: 90_000 }, async () => {
  expect(await muster(['user', 'create', 'grace', '--role', 'operator', '--password-stdin'], `${PASSWORD}\n`)).toMatchObject({ code: 0 });
  const directory = temporaryFolder();
  const { MUSTER_URL: _, MUSTER_TOKEN: __, ...rest } = hub.env;
  const own = (args: readonly string[], input = '') => runMuster(args, { env: { ...rest, MUSTER_CONFIG_DIR: directory }, input });

  const wrong = await own(['login', '--url', hub.url, '--user', 'grace', '--password-stdin', '--json'], 'wrong password\n');
  expect(wrong.code).toBe(4);
  expect(JSON.parse(wrong.stderr).error.code).toBe('not_logged_in');
  expect(readContexts(directory).contexts).toEqual([]);

  const login = await own(['login', '--url', hub.url, '--user', 'grace', '--password-stdin', '--context', 'grace', '--json'], `${PASSWORD}\n`);
  expect(JSON.parse(login.stdout)).toMatchObject({ context: 'grace', url: hub.url, name: 'grace', role: 'operator', project: 'default' });
  const [saved] = readContexts(directory).contexts;
  expect(saved).toMatchObject({ name: 'grace', project: 'default', readOnly: false });
  expect(login.stdout + login.stderr).not.toContain(saved?.token ?? PASSWORD);

  expect(JSON.parse((await own(['whoami', '--json'])).stdout)).toMatchObject({ kind: 'user', name: 'grace', role: 'operator', url: hub.url });
  expect(await own(['user', 'list'])).toMatchObject({ code: 4, stdout: '' });
  expect(await own(['logout'])).toMatchObject({ code: 0 });
  expect(readContexts(directory).contexts[0]?.token).toBeNull();
  expect(await own(['whoami', '--token', saved?.token ?? ''])).toMatchObject({ code: 4 });
});

test('a log-in to another project is refused and leaves nothing', { timeout: 90_000 }, async () => {
  await muster(['user', 'create', 'ada', '--password-stdin'], `${PASSWORD}\n`);
  const directory = temporaryFolder();
  const refused = await runMuster(['login', '--url', hub.url, '--user', 'ada', '--password-stdin', '--project', 'other'], {
    env: { ...process.env, MUSTER_CONFIG_DIR: directory },
    input: `${PASSWORD}\n`,
  });
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('not_allowed') });
  expect(readContexts(directory).contexts).toEqual([]);
});

test('without a terminal nobody is asked for a password', { timeout: 90_000 }, async () => {
  expect(await muster(['login', '--url', hub.url, '--user', 'grace'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--password-stdin') });
});

test('a token is made with a role and an end, shown once, used, and revoked', { timeout: 90_000 }, async () => {
  const made = await muster(['token', 'create', 'dashboard', '--expires', '90d', '--json']);
  const { id, token, role, createdAt, expiresAt } = JSON.parse(made.stdout);
  expect(role).toBe('viewer');
  // The hub may take the two times a moment apart.
  expect(Math.abs(expiresAt - createdAt - 90 * 86_400_000)).toBeLessThan(1000);
  expect((await muster(['token', 'list', '--all', '--json'])).stdout).not.toContain(token);
  expect(await muster(['device', 'list', '--token', token])).toMatchObject({ code: 0 });
  const forbidden = await muster(['device', 'create', 'x', '--token', token, '--json']);
  expect(forbidden.code).toBe(4);
  expect(JSON.parse(forbidden.stderr).error.code).toBe('not_allowed');

  expect(await muster(['token', 'revoke', id, '--dry-run', '--json'])).toMatchObject({ code: 0, stdout: expect.stringContaining('would be revoked') });
  expect(await muster(['device', 'list', '--token', token])).toMatchObject({ code: 0 });
  expect(await muster(['token', 'revoke', id, '--yes'])).toMatchObject({ code: 0 });
  expect(await muster(['device', 'list', '--token', token])).toMatchObject({ code: 4 });
  expect(await muster(['token', 'revoke', 'nope', '--dry-run'])).toMatchObject({ code: 3 });
});

test('a user is made with a password that is shown once, changed, shut out, and removed', { timeout: 90_000 }, async () => {
  const made = await muster(['user', 'create', 'linus', '--json']);
  const { password } = JSON.parse(made.stdout);
  const login = (secret: string) =>
    runMuster(['login', '--url', hub.url, '--user', 'linus', '--password-stdin'], {
      env: { ...process.env, MUSTER_CONFIG_DIR: temporaryFolder() },
      input: secret,
    });
  expect(await login(password)).toMatchObject({ code: 0 });
  expect(await muster(['user', 'create', 'linus'])).toMatchObject({ code: 5 });
  expect(JSON.parse((await muster(['user', 'update', 'linus', '--role', 'operator', '--password-stdin', '--json'], `${PASSWORD}\n`)).stdout)).toMatchObject({
    role: 'operator',
  });
  expect(await login(password)).toMatchObject({ code: 4 });
  expect(await login(PASSWORD)).toMatchObject({ code: 0 });
  expect(JSON.parse((await muster(['user', 'update', 'linus', '--disable', '--json'])).stdout)).toMatchObject({ disabled: true });
  expect(await login(PASSWORD)).toMatchObject({ code: 4 });
  expect(await muster(['user', 'update', 'linus'])).toMatchObject({ code: 2 });
  expect(await muster(['user', 'remove', 'linus', 'nobody', '--yes', '--json'])).toMatchObject({ code: 7 });
  expect((await muster(['user', 'list', '-o', 'csv', '--columns', 'name'])).stdout).not.toContain('linus');
});

test('a read-only context lets read and refuses to change', { timeout: 90_000 }, async () => {
  const env = { ...process.env, MUSTER_CONFIG_DIR: temporaryFolder() };
  await runMuster(['context', 'add', 'plant', '--url', hub.url, '--read-only', '--token-stdin'], { env, input: hub.token });
  expect(await runMuster(['device', 'list'], { env })).toMatchObject({ code: 0 });
  for (const args of [
    ['device', 'create', 'x'],
    ['device', 'delete', 'x', '--yes'],
    ['type', 'create', 'x'],
    ['token', 'create', 'x'],
    ['user', 'remove', 'x', '--yes'],
    ['point', 'update', 'x', 'y', '--unit', 'm'],
  ]) {
    expect(await runMuster(args, { env }), args.join(' ')).toMatchObject({ code: 4, stderr: expect.stringContaining('(read_only_context)') });
  }
});

test('--project must be the project of the token', { timeout: 90_000 }, async () => {
  expect(await muster(['device', 'list', '--project', 'default'])).toMatchObject({ code: 0 });
  expect(await muster(['device', 'list', '--project', 'other'])).toMatchObject({ code: 4, stdout: '' });
});
