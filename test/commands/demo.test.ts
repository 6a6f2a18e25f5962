import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const SAMPLES = 7882;

describe('muster demo', () => {
  it('prints its summary as one object, and nothing else, to stdout', async () => {
    const run = await runMuster(['demo', '--duration', '2s', '--json']);
    expect(run).toMatchObject({ code: 0 });
    const summary = JSON.parse(run.stdout);
    expect(summary).toMatchObject({ sent: SAMPLES, acknowledged: SAMPLES, stored: SAMPLES, failed: 0, gateways: 3, interrupted: false });
    expect(summary.acknowledgeMs.p99).toBeGreaterThan(0);
    expect(summary.recordings.join()).toMatch(/Numenta.*MIT.*NOAA/);
  });

  it('shows values from the hub, a chart, sources and next steps as plain lines where there is no terminal', async () => {
    const run = await runMuster(['demo', '--duration', '2s']);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/machine part\/temperature \d+\.\d °F/);
    expect(run.stdout).toMatch(/^stored +7,882 samples, says the hub$/m);
    expect(run.stdout).toMatch(/[\u2801-\u28ff]{5}/); // braille
    expect(run.stdout).toMatch(/Try next\n.* serve\n.*in another terminal.*\n.* simulate replay .*machine-temperature\.csv/);
    expect(`${run.stdout}${run.stderr}`).not.toContain('\u001b');
  });

  it('ends in good order with Ctrl-C: what was sent is stored, exit code 0', async () => {
    const child = spawn(process.execPath, [RUN, 'demo', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      if (/[1-9]\d* samples sent/.test(stderr) && !child.killed) child.kill('SIGINT');
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary.interrupted).toBe(true);
    expect(summary.sent).toBeGreaterThan(0);
    expect(summary.sent).toBeLessThan(SAMPLES);
    expect(summary.stored).toBe(summary.acknowledged);
  });

  it("keeps its data for a hub of one's own with --keep", async () => {
    const folder = temporaryFolder();
    const run = await runMuster(['demo', '--duration', '2s', '--keep', `${folder}/data`, '--json']);
    expect(run).toMatchObject({ code: 0 });
    const hub = await startHub([], { data: folder });
    const { stdout } = await runMuster(['latest', 'machine', '--json'], { env: hub.env });
    expect(JSON.parse(stdout)).toMatchObject([{ device: 'machine', path: 'part/temperature', unit: '°F' }]);
  });
});
