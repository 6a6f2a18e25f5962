import { expect, test } from 'vitest';
import type { Contexts } from '../../../src/lib/cli/contexts.ts';
import { resolveTarget } from '../../../src/lib/cli/hub-target.ts';

const contexts = (): Contexts => ({
  current: 'local',
  exposed: false,
  contexts: [
    { name: 'local', url: 'http://127.0.0.1:8080', token: 'mst_local_x', project: 'default', readOnly: false },
    { name: 'production', url: 'https://hub.example.org', token: 'mst_production_x', project: 'plant', readOnly: true, ca: '/ca.pem' },
  ],
});
const none = (): Contexts => ({ current: null, contexts: [], exposed: false });

test('without anything else it is the context in use', () => {
  expect(resolveTarget({}, {}, contexts)).toEqual({
    url: 'http://127.0.0.1:8080',
    token: 'mst_local_x',
    project: 'default',
    ca: null,
    context: 'local',
    readOnly: false,
  });
});

test('flags win over the environment, and the environment over the context', () => {
  const env = { MUSTER_URL: 'http://env:1', MUSTER_TOKEN: 'mst_env_x', MUSTER_PROJECT: 'e' };
  expect(resolveTarget({}, env, contexts)).toMatchObject({ url: 'http://env:1', token: 'mst_env_x', project: 'e', context: null });
  expect(resolveTarget({ url: 'flag:2', token: 'mst_flag_x', project: 'f' }, env, contexts)).toMatchObject({
    url: 'http://flag:2',
    token: 'mst_flag_x',
    project: 'f',
  });
});

test('the token of a context goes to no other URL', () => {
  expect(resolveTarget({ url: 'http://elsewhere' }, {}, contexts)).toMatchObject({ token: null, project: null, context: null });
  expect(resolveTarget({ context: 'production', url: 'https://elsewhere' }, {}, contexts)).toMatchObject({ token: null, ca: null });
  expect(resolveTarget({ url: 'http://127.0.0.1:8080/' }, {}, contexts)).toMatchObject({ token: 'mst_local_x', context: 'local' });
});

test('a read-only context protects its hub, whichever token is used', () => {
  expect(resolveTarget({ context: 'production' }, {}, contexts)).toMatchObject({ readOnly: true, ca: '/ca.pem', project: 'plant' });
  expect(resolveTarget({ context: 'production', token: 'mst_other_x' }, {}, contexts)).toMatchObject({ readOnly: true, token: 'mst_other_x' });
  expect(resolveTarget({ context: 'production' }, { MUSTER_URL: 'http://elsewhere' }, contexts).readOnly).toBe(true);
});

test('the project of a context goes with its own token alone', () => {
  expect(resolveTarget({ context: 'production', token: 'mst_other_x' }, {}, contexts).project).toBeNull();
  expect(resolveTarget({ context: 'production', token: 'mst_other_x', project: 'p' }, {}, contexts).project).toBe('p');
});

test('says what is missing', () => {
  expect(() => resolveTarget({}, {}, none)).toThrow(expect.objectContaining({ code: 'no_context' }));
  expect(() => resolveTarget({ context: 'x' }, {}, contexts)).toThrow(expect.objectContaining({ code: 'not_found', hint: 'There are: local, production.' }));
  expect(resolveTarget({ url: 'http://hub' }, { MUSTER_TOKEN: '' }, none)).toMatchObject({ token: null });
});
