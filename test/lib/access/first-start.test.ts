import { describe, expect, it } from 'vitest';
import { createAccess } from '../../../src/lib/access/create-access.ts';
import { ensureFirstStart } from '../../../src/lib/access/first-start.ts';
import { defaultSettings } from '../../../src/lib/config/settings.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { aProject } from '../../helpers/fleet.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';

async function started() {
  const system = await startedSystemStore();
  const access = createAccess({ system, directory: new Directory(), settings: defaultSettings(), clock: Date.now, log: SILENT_LOG });
  return { system, ...access, clock: Date.now };
}

describe('the first start', () => {
  it('makes a project and an administrator with a password of its own, once', async () => {
    const hub = await started();
    const made = await ensureFirstStart(hub);
    expect(made).toMatchObject({ project: 'default', user: 'admin', password: expect.stringMatching(/^.{23}$/) });
    expect(await hub.accounts.login('admin', made?.password ?? '', null)).toMatchObject({ role: 'admin', project: 'default' });
    for (const password of ['admin', 'password', 'muster', 'default', ''])
      await expect(hub.accounts.login('admin', password, null)).rejects.toMatchObject({ code: 'not_logged_in' });
    expect(await ensureFirstStart(hub)).toBeNull();
  });

  it('makes good what a crash between the two left out', async () => {
    const hub = await started();
    await hub.system.log.commit({ statements: [hub.system.projects.insert(aProject('mine'))] });
    expect(await ensureFirstStart(hub)).toMatchObject({ project: 'mine', user: 'admin' });
    expect((await hub.system.projects.all()).map(({ id }) => id)).toEqual(['mine']);
  });
});
