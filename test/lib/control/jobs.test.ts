import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigPlanner } from '../../../src/lib/control/config-planner.ts';
import type { NewJob } from '../../../src/lib/control/jobs.ts';
import type { CommandId, DeviceId, JobId, ProjectId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import type { EmbeddedSystemStore } from '../../../src/lib/storage/system/create-system-store.ts';
import { type Controlled, controlled, type TestCarrier, testCarrier } from '../../helpers/controlled.ts';
import { aDevice, aPoint, aProject } from '../../helpers/fleet.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';
import { type TestClock, testClock } from '../../helpers/test-clock.ts';

const PROJECT = 'default' as ProjectId;
const ANNA = 'user:anna';
const DEVICES = 20;

describe('jobs', () => {
  let clock: TestClock;
  let system: EmbeddedSystemStore;
  let directory: Directory;
  let carrier: TestCarrier;
  let engine: Controlled;
  /** How many of the messages sent have their answer. */
  let answered = 0;

  beforeEach(async () => {
    answered = 0;
    clock = testClock();
    system = await startedSystemStore();
    directory = new Directory();
    const devices = Array.from({ length: DEVICES }, (_, index) =>
      aDevice(`d${String(index).padStart(2, '0')}`, { labels: { site: index < 15 ? 'paris' : 'rome' } }),
    );
    await system.log.commit({ statements: [system.projects.insert(aProject()), ...devices.map((device) => system.devices.insert(device))] });
    for (const [index, device] of devices.entries()) {
      directory.putDevice(device);
      directory.putPoint(aPoint(device.id, 'target', index + 1, { kind: index === 7 ? 'measure' : 'setpoint' }));
    }
    directory.putDevice(aDevice('off', { labels: { site: 'paris' }, state: 'disabled' }));
    carrier = testCarrier();
    for (const device of devices) carrier.listening.add(device.id);
    engine = await controlled({ system, directory, clock, carrier });
  });

  const aCall = (more: Partial<NewJob> = {}): NewJob => ({
    ...{ kind: 'call', name: 'restart', value: null, selector: '', concurrency: 100, stages: [100], failuresMaxPercent: null, expiryMs: null },
    ...more,
  });
  const started = async (job: NewJob): Promise<JobId> => {
    const { id } = await engine.jobs.create(PROJECT, job, ANNA);
    await engine.jobs.start(PROJECT, id, ANNA);
    return id;
  };
  const view = (id: JobId) => engine.jobs.get(PROJECT, id);
  const stateOf = async (id: JobId) => (await view(id)).state;
  /** Answers what was sent and not answered yet. */
  const answerAll = async (state: (device: string) => 'applied' | 'rejected' = () => 'applied') => {
    await new Promise((resolve) => setImmediate(resolve));
    const fresh = carrier.sent.slice(answered);
    answered = carrier.sent.length;
    await Promise.all(
      fresh.map(({ device, message }) => {
        const answer = { id: message.id as CommandId, state: state(device), reason: state(device) === 'rejected' ? 'no' : null, result: null };
        return engine.control.answered(device as DeviceId, 'call', answer);
      }),
    );
  };

  test('ask all devices that fit and may be asked, so many at a time, and end with a summary', async () => {
    expect(await engine.jobs.fitting(PROJECT, 'site=paris')).toHaveLength(15);
    const id = await started(aCall({ selector: 'site=paris', concurrency: 4 }));
    let most = 0;
    while ((await stateOf(id)) !== 'done') {
      const { summary } = await view(id);
      most = Math.max(most, summary.queued + summary.sent + summary.delivered);
      await answerAll((device) => (device === 'd03' ? 'rejected' : 'applied'));
    }
    expect(most).toBeLessThanOrEqual(4);
    expect(await view(id)).toMatchObject({ devices: 15, summary: { waiting: 0, applied: 14, rejected: 1 }, startedAt: clock(), endedAt: clock() });
    expect(carrier.sent.map(({ device }) => device)).toEqual(Array.from({ length: 15 }, (_, index) => `d${String(index).padStart(2, '0')}`));
    const failed = await engine.jobs.devices(PROJECT, id, ['rejected'], { limit: 10 });
    expect(failed.items).toMatchObject([{ device: 'd03', place: 3, reason: 'no' }]);
    expect(engine.published.filter(({ kind }) => kind.startsWith('job.')).map(({ kind }) => kind)).toEqual(['job.created', 'job.started', 'job.done']);
    expect((await engine.control.list({ project: PROJECT, job: id }, { limit: 100 })).items).toHaveLength(15);
  });

  test('a device that cannot be asked has failed, with its reason, and holds nobody up', async () => {
    const id = await started({ ...aCall(), kind: 'set', name: null, value: { target: 5 } });
    await expect.poll(() => carrier.sent.length).toBe(DEVICES - 1);
    const failed = await engine.jobs.devices(PROJECT, id, ['failed'], { limit: 10 });
    expect(failed.items).toMatchObject([{ device: 'd07', command: null, reason: expect.stringContaining('of kind measure') }]);
    expect(await view(id)).toMatchObject({ summary: { failed: 1 } });
  });

  test('stages wait for all answers, and too many failures stop it; resumed, it goes on, and a retry asks the failed again', async () => {
    const id = await started(aCall({ stages: [10, 50, 100], failuresMaxPercent: 20 }));
    await expect.poll(() => carrier.sent.length).toBe(2);
    await answerAll();
    await expect.poll(() => carrier.sent.length).toBe(10);
    await answerAll((device) => (device < 'd05' ? 'rejected' : 'applied'));
    await expect.poll(() => stateOf(id)).toBe('stopped');
    expect((await view(id)).reason).toBe('3 of 10 devices failed, more than 20 %');
    expect(carrier.sent).toHaveLength(10);
    await engine.jobs.resume(PROJECT, id, ANNA);
    await expect.poll(() => carrier.sent.length).toBe(20);
    await answerAll();
    await expect.poll(() => stateOf(id)).toBe('done');
    expect((await view(id)).summary).toMatchObject({ applied: 17, rejected: 3 });
    await engine.jobs.retry(PROJECT, id, ANNA);
    await expect.poll(() => carrier.sent.length).toBe(23);
    expect(carrier.sent.slice(20).map(({ device }) => device)).toEqual(['d02', 'd03', 'd04']);
    await answerAll();
    await expect.poll(() => stateOf(id)).toBe('done');
    expect((await view(id)).summary).toMatchObject({ applied: 20, rejected: 0 });
    await expect(engine.jobs.retry(PROJECT, id, ANNA)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('paused it asks nothing new, and cancelled it takes back what is under way', async () => {
    const id = await started(aCall({ concurrency: 5 }));
    await expect.poll(() => carrier.sent.length).toBe(5);
    await engine.jobs.pause(PROJECT, id, ANNA);
    await answerAll();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(carrier.sent).toHaveLength(5);
    await expect(engine.jobs.pause(PROJECT, id, ANNA)).rejects.toMatchObject({ code: 'conflict' });
    await engine.jobs.resume(PROJECT, id, ANNA);
    await expect.poll(() => carrier.sent.length).toBe(10);
    await engine.jobs.cancel(PROJECT, id, ANNA);
    await expect.poll(async () => (await view(id)).endedAt).not.toBeNull();
    expect((await view(id)).summary).toMatchObject({ applied: 5, cancelled: 5, waiting: 10 });
    expect(engine.control.counts().open).toBe(0);
    await expect(engine.jobs.resume(PROJECT, id, ANNA)).rejects.toMatchObject({ code: 'conflict' });
  });

  test.each(['pause', 'cancel'] as const)('a job of configurations that hears %s while it plans asks nothing new', async (step) => {
    let begun = false;
    let goOn = (): void => undefined;
    const planning = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const configPlanner: ConfigPlanner = {
      async plan() {
        begun = true;
        await planning;
        return { outcome: 'send', isNew: false, version: 1, document: {}, undoes: null, before: null };
      },
      record: () => ({ statements: [], events: [] }),
    };
    const { jobs, control } = await controlled({ system, directory, clock, carrier, configPlanner });
    const { id } = await jobs.create(PROJECT, { ...aCall(), kind: 'config', name: null, value: { patch: {}, comment: null, ifVersion: null } }, ANNA);
    await jobs.start(PROJECT, id, ANNA);
    await expect.poll(() => begun).toBe(true);
    await jobs[step](PROJECT, id, ANNA);
    goOn();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(control.counts().created).toBe(0);
    expect((await jobs.get(PROJECT, id)).summary.waiting).toBe(DEVICES);
  });

  test('what is wrong is refused before anything is made', async () => {
    const wrong: readonly (readonly [Partial<NewJob>, string])[] = [
      [{ selector: 'site=' }, 'not_found'],
      [{ selector: 'a b' }, 'invalid'],
      [{ stages: [10, 5, 100] }, 'invalid'],
      [{ stages: [10] }, 'invalid'],
      [{ concurrency: 0 }, 'invalid'],
      [{ concurrency: 1_001 }, 'invalid'],
      [{ failuresMaxPercent: 101 }, 'invalid'],
      [{ name: 'no spaces' }, 'invalid'],
      [{ kind: 'set', value: {} }, 'invalid'],
      [{ expiryMs: 0 }, 'invalid'],
    ];
    for (const [more, code] of wrong) await expect(engine.jobs.create(PROJECT, aCall(more), ANNA)).rejects.toMatchObject({ code });
    const atOnce = await Promise.allSettled(Array.from({ length: 5 }, () => engine.jobs.create(PROJECT, aCall(), ANNA)));
    expect(atOnce.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await expect(engine.jobs.create(PROJECT, aCall(), ANNA)).rejects.toMatchObject({ code: 'limit_reached' });
    await expect(engine.jobs.get('other' as ProjectId, (await engine.jobs.list(PROJECT, { limit: 1 })).items[0]?.id as JobId)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('after the end of the hub, whenever it was, it goes on: nobody that was asked is asked by it again', async () => {
    const id = await started(aCall({ concurrency: 6 }));
    await expect.poll(() => carrier.sent.length).toBe(6);
    const first = carrier.sent.map(({ message }) => message.id);
    await answerAll((device) => (device === 'd01' ? 'rejected' : 'applied'));
    await expect.poll(() => carrier.sent.length).toBe(12);
    const second = carrier.sent.slice(6).map(({ message }) => message.id);
    // Not stopped: as after a kill. What became of the first is with the commands, and perhaps not yet with the job.
    carrier = testCarrier();
    for (const { device } of directory.devices()) carrier.listening.add(device.id);
    engine = await controlled({ system, directory, clock, carrier });
    expect(await view(id)).toMatchObject({ state: 'running', summary: { applied: 5, rejected: 1, waiting: 8 } });
    await expect.poll(() => carrier.sent.length).toBe(6);
    expect(carrier.sent.map(({ message }) => message.id)).toEqual(second);
    answered = 0;
    await answerAll();
    await expect.poll(() => carrier.sent.length).toBe(12);
    await answerAll();
    await expect.poll(() => carrier.sent.length).toBe(14);
    await answerAll();
    await expect.poll(() => stateOf(id)).toBe('done');
    expect((await view(id)).summary).toMatchObject({ applied: 19, rejected: 1 });
    expect(carrier.sent.some(({ message }) => first.includes(message.id))).toBe(false);
    expect(new Set(carrier.sent.map(({ device }) => device)).size).toBe(14);
  });

  test('one that was not made whole is not there after a restart', async () => {
    await system.log.commit({ statements: [system.jobs.insertDevices('half' as JobId, 0, ['d01', 'd02'] as DeviceId[])] });
    const id = (await engine.jobs.create(PROJECT, aCall(), ANNA)).id;
    expect(system.jobs.orphans()).toEqual(['half']);
    engine = await controlled({ system, directory, clock, carrier: testCarrier() });
    expect(system.jobs.orphans()).toEqual([]);
    expect((await engine.jobs.devices(PROJECT, id, null, { limit: 100 })).items).toHaveLength(DEVICES);
  });
});
