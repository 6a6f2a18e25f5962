import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { Authenticator } from '../../../src/lib/access/access.ts';
import { authenticate } from '../../../src/lib/api/authentication.ts';

it('asks nobody about the credentials of who has gone, and has no address to count a guess for', async () => {
  const asked: unknown[] = [];
  const answer = async (...given: unknown[]) => {
    asked.push(given);
    return { ok: false, code: 'not_logged_in', reason: 'wrong', retryAfterMs: null } as const;
  };
  const authenticator: Authenticator = { bearer: answer, device: answer, user: answer, certificate: answer };
  const headers = [{ authorization: 'Bearer mst_1_x' }, { authorization: 'Basic YTpi' }, { 'sec-websocket-protocol': 'muster.v1, bearer.mst_1_x' }];
  for (const each of headers)
    await expect(authenticate(authenticator, { headers: each, socket: {} as Socket }, null)).rejects.toMatchObject({ code: 'interrupted' });
  expect(asked).toEqual([]);
  for (const each of headers)
    await expect(authenticate(authenticator, { headers: each, socket: {} as Socket }, '192.0.2.1')).rejects.toMatchObject({ code: 'not_logged_in' });
  expect(asked).toEqual([
    ['mst_1_x', '192.0.2.1'],
    ['a', 'b', '192.0.2.1'],
    ['mst_1_x', '192.0.2.1'],
  ]);
});
