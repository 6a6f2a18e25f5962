import { fail, hubCheck, ok } from '../check.ts';

export const token = hubCheck('token', async ({ client, hasToken }, signal) => {
  if (!hasToken) return fail('There is no token', 'Run `muster login`, or set MUSTER_TOKEN.', 'not_logged_in');
  const who = await client.request<Awaited<ReturnType<typeof client.whoami>>>('GET', '/whoami', { signal });
  return ok(`${who.kind} ${who.name}${who.role === null ? '' : `, ${who.role}`} in project ${who.project}`);
});
