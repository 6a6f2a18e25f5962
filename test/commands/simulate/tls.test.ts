import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulationReport } from '../../../src/lib/simulation/report.ts';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { runMuster } from '../../helpers/run-muster.ts';
import { selfSigned } from '../../helpers/self-signed.ts';

// A hub whose certificate nobody knows but the context: what the API trusts, the simulated gateways trust too.

let folder: string;
let hub: TestHub;
/** Without MUSTER_URL and MUSTER_TOKEN: the context alone says where and how. */
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-simulate-tls-'));
  const { certFile, keyFile } = selfSigned(folder);
  hub = await startHub(['--tls-cert', certFile, '--tls-key', keyFile, '--mqtts', '0', '--mqtt', 'off'], { keep: true });
  const { MUSTER_URL: _, MUSTER_TOKEN: __, ...others } = hub.env;
  env = { ...others, MUSTER_CONFIG_DIR: join(folder, 'config') };
  const added = await runMuster(['context', 'add', 'own', '--url', hub.url, '--token-stdin', '--ca', certFile, '--use'], { env, input: hub.token });
  expect(added).toMatchObject({ code: 0 });
  writeFileSync(join(folder, 'short.csv'), 'time,air\n2026-11-01T00:00:00Z,7.5\n2026-11-01T00:00:01Z,7.1\n');
});
afterAll(async () => {
  await hub?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a hub with a certificate of its own', () => {
  it.each([
    ['mqtts, as the hub announces it', []],
    ['wss, through its HTTPS port', ['--mqtt', 'wss']],
  ])('takes the simulated gateways over %s', async (_, flags) => {
    const address = `${hub.url.replace('https:', 'wss:')}/mqtt`;
    const args = flags.map((flag) => (flag === 'wss' ? address : flag));
    const run = await runMuster(['simulate', '--gateways', '2', '--points', '1', '--interval', '500ms', '--duration', '1s', '--json', ...args], { env });
    expect(run).toMatchObject({ code: 0 });
    expect(JSON.parse(run.stdout) as SimulationReport).toMatchObject({
      sent: 4,
      stored: 4,
      mqttUrl: expect.stringMatching(flags.length > 0 ? /^wss:/ : /^mqtts:/),
    });
  });

  it('takes a replay', async () => {
    const run = await runMuster(['simulate', 'replay', join(folder, 'short.csv'), '--device', 'short', '--speed', '10x', '--json'], { env });
    expect(run).toMatchObject({ code: 0 });
    expect(JSON.parse(run.stdout) as SimulationReport).toMatchObject({ sent: 2, stored: 2 });
  });

  it('is told how to be trusted when it is not', async () => {
    const elsewhere = await startHub();
    const wss = `${hub.url.replace('https:', 'wss:')}/mqtt`;
    const run = await runMuster(['simulate', '--gateways', '1', '--duration', '1s', '--mqtt', wss], { env: elsewhere.env });
    expect(run.code).toBe(6);
    expect(run.stderr).toContain('--ca FILE');
  });
});
