import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SimulationReport } from '../../../src/lib/simulation/report.ts';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { runMuster } from '../../helpers/run-muster.ts';

const RUN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
let hub: TestHub;

beforeAll(async () => {
  hub = await startHub([], { keep: true });
});
afterAll(async () => {
  await hub.stop();
});

const simulate = (...args: string[]) => runMuster(['simulate', ...args], { env: hub.env });
const reportOf = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout) as SimulationReport;

async function leftDevices(): Promise<number> {
  const { stdout } = await runMuster(['device', 'list', '--label', 'muster-simulation', '--all', '--json'], { env: hub.env });
  return (JSON.parse(stdout) as unknown[]).length;
}

describe('muster simulate', () => {
  it('stores everything that five gateways send in three seconds, and removes them', async () => {
    const run = await simulate('--gateways', '5', '--points', '4', '--interval', '500ms', '--duration', '3s', '--json');
    expect(run).toMatchObject({ code: 0 });
    expect(reportOf(run)).toMatchObject({
      sent: 120,
      acknowledged: 120,
      stored: 120,
      failed: 0,
      dropped: 0,
      messages: { sent: 30, acknowledged: 30 },
      connections: { made: 5, failed: 0, reconnects: 0 },
      interrupted: false,
      removed: { devices: 5, types: 1, failed: [] },
    });
    expect(reportOf(run).acknowledgeMs.count).toBe(30);
    expect(await leftDevices()).toBe(0);
  });

  it.each([
    ['SenML over MQTT 3.1.1 with QoS 2', ['--payload', 'senml', '--protocol', 'mqtt', '--qos', '2']],
    ['three values to a message', ['--values-per-message', '3']],
    ['devices behind each gateway', ['--children', '2']],
  ])('stores everything with %s', async (_, flags) => {
    const run = await simulate('--gateways', '2', '--points', '7', '--interval', '250ms', '--duration', '1s', '--json', ...flags);
    const devices = flags.includes('--children') ? 6 : 2;
    expect(run.code).toBe(0);
    expect(reportOf(run)).toMatchObject({ sent: devices * 7 * 4, acknowledged: devices * 7 * 4, stored: devices * 7 * 4, devices });
  });

  it('asks the hub what arrived with QoS 0, which knows no acknowledgement', async () => {
    const run = await simulate('--gateways', '2', '--points', '3', '--interval', '200ms', '--duration', '1s', '--qos', '0', '--json');
    expect(reportOf(run)).toMatchObject({ sent: 30, acknowledged: null, stored: 30 });
    expect(run.code).toBe(0);
  });

  it('prints a summary for people, and progress as lines on stderr', async () => {
    const run = await simulate('--gateways', '1', '--points', '1', '--duration', '1s');
    expect(run.stdout).toMatch(/^sent +1 samples in 1 messages, 1 gateway/);
    expect(run.stdout).toMatch(/^stored +1 samples, says the hub$/m);
    expect(run.stderr).toContain('Connecting 1 gateways');
    expect(run.stderr).not.toContain('\u001b');
  });

  it('stops on Ctrl-C: waits for what is under way, cleans up, prints the summary and ends with 130', async () => {
    const child = spawn(process.execPath, [RUN, 'simulate', '--gateways', '3', '--points', '2', '--interval', '100ms', '--duration', '5m', '--json'], {
      env: hub.env,
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      if (stderr.includes('Reporting') && !child.killed) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(130);
    const report = JSON.parse(stdout) as SimulationReport;
    expect(report).toMatchObject({ interrupted: true, failed: 0, removed: { devices: 3, types: 1, failed: [] } });
    expect(report.stored).toBe(report.sent);
    expect(await leftDevices()).toBe(0);
  });

  it('shows the figures also when the hub dies, and ends with its exit code', async () => {
    // At the same time: each waits ten seconds for its hub to come back.
    await Promise.all(['json', 'table'].map(async (output) => outlive(await startHub(), output)));
  });

  async function outlive(dying: TestHub, output: string): Promise<void> {
    const args = ['simulate', '--gateways', '3', '--points', '2', '--interval', '100ms', '--duration', '3s', '--output', output];
    const child = spawn(process.execPath, [RUN, ...args], { env: dying.env });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      if (stderr.includes('Reporting')) setTimeout(() => void dying.stop('SIGKILL'), 1000);
    });
    const from = performance.now();
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(6);
    expect(performance.now() - from).toBeLessThan(3_000 + 25_000);
    expect(stderr).toContain('muster simulate clean --run');
    if (output === 'table') {
      expect(stdout).toMatch(/^stored +not known$/m);
      return;
    }
    const report = reportOf({ stdout });
    expect(report).toMatchObject({ stored: null, removed: null, interrupted: false, error: { code: 'unreachable', message: expect.any(String) } });
    expect(report.acknowledged).toBeGreaterThan(0);
    expect(report.failed + report.dropped).toBeGreaterThan(0);
  }

  it.each([
    ['nothing listens', 'mqtt://127.0.0.1:1', 6, 'unreachable'],
    ['it is the HTTP port', 'http', 6, 'unreachable'],
  ])('explains why nothing could connect when %s, and leaves nothing behind', async (_, url, exitCode, code) => {
    const mqtt = url === 'http' ? hub.url.replace('http:', 'mqtt:') : url;
    const run = await simulate('--gateways', '2', '--duration', '1s', '--mqtt', mqtt, '--json');
    expect(run.code).toBe(exitCode);
    expect(run.stdout).toBe('');
    const { error } = JSON.parse(run.stderr.slice(run.stderr.indexOf('{'))) as { error: { code: string; hint: string } };
    expect(error).toMatchObject({ code, hint: expect.stringContaining('--mqtt') });
    expect(await leftDevices()).toBe(0);
  });

  it.each([
    ['an interval that is too short', ['--interval', '1ms']],
    ['an address that is none', ['--mqtt', 'http://x']],
    ['no gateways', ['--gateways', '0']],
  ])('refuses %s as wrong usage', async (_, flags) => {
    expect((await simulate(...flags)).code).toBe(2);
  });
});

describe('muster simulate clean', () => {
  it('removes exactly what simulations left, and nothing else', async () => {
    await runMuster(['device', 'create', 'mine', '--label', 'site=here'], { env: hub.env });
    const kept = reportOf(await simulate('--gateways', '2', '--points', '1', '--children', '1', '--duration', '1s', '--keep', '--json'));
    expect(kept.removed).toBeNull();
    expect(await leftDevices()).toBe(4);

    const dry = await runMuster(['simulate', 'clean', '--dry-run', '--json'], { env: hub.env });
    expect(JSON.parse(dry.stdout)).toMatchObject([{ run: kept.run, devices: 4, types: 1, result: 'would be removed' }]);
    expect(await leftDevices()).toBe(4);

    expect((await runMuster(['simulate', 'clean'], { env: hub.env })).code).toBe(2); // nobody is there to answer
    const cleaned = await runMuster(['simulate', 'clean', '--yes', '--json'], { env: hub.env });
    expect(cleaned.code).toBe(0);
    expect(JSON.parse(cleaned.stdout)).toMatchObject([{ run: kept.run, devices: 4, result: 'removed', failed: [] }]);
    expect(await leftDevices()).toBe(0);
    expect((await runMuster(['device', 'show', 'mine'], { env: hub.env })).code).toBe(0);
    expect((await runMuster(['simulate', 'clean', '--run', kept.run, '--yes'], { env: hub.env })).code).toBe(3);
  });
});
