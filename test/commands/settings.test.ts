import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../src/lib/config/settings.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MUSTER_')));

describe('muster settings', () => {
  test('show lists every setting with its value and where it came from', async () => {
    const file = join(temporaryFolder(), 'hub.yaml');
    writeFileSync(file, 'mqtt:\n  receive-maximum: 7\n');
    const { code, stdout } = await runMuster(['settings', 'show', '--config', file, '--http', '0', '--json'], {
      env: { ...env, MUSTER_LOG_LEVEL: 'warn', XDG_DATA_HOME: '/data' },
    });
    const rows = JSON.parse(stdout) as { setting: string; value: unknown; source: string }[];
    const of = (setting: string) => rows.find((row) => row.setting === setting);
    expect(code).toBe(0);
    expect(rows.map((row) => row.setting)).toEqual(Object.keys(SETTINGS));
    expect(of('http.port')).toMatchObject({ value: 0, source: 'flag --http' });
    expect(of('log.level')).toMatchObject({ value: 'warn', source: 'MUSTER_LOG_LEVEL' });
    expect(of('mqtt.receive-maximum')).toMatchObject({ value: 7, source: `${file}:2` });
    expect(of('host')).toMatchObject({ value: '127.0.0.1', source: 'default' });
    expect(of('data')).toMatchObject({ value: '/data/muster', source: 'default' });
  });

  test('show refuses wrong settings as the hub would, with all of them in the error', async () => {
    const { code, stdout, stderr } = await runMuster(['settings', 'show', '--http', 'x', '--mqtt', 'y', '--json'], { env });
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'invalid_settings', details: { problems: [{ setting: 'http.port' }, { setting: 'mqtt.port' }] } });
  });

  test('validate lists the problems and ends with exit code 2, or says that there are none', async () => {
    const wrong = await runMuster(['settings', 'validate', '--host', '0.0.0.0', '--set', 'mqtt.prot=1', '--output', 'ndjson'], { env });
    expect(wrong.code).toBe(2);
    expect(
      wrong.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).setting),
    ).toEqual(['mqtt.prot', 'host']);
    const right = await runMuster(['settings', 'validate'], { env });
    expect([right.code, right.stdout, right.stderr]).toEqual([0, '', 'The settings are valid.\n']);
    expect(JSON.parse((await runMuster(['settings', 'validate', '--json'], { env })).stdout)).toEqual([]);
  });
});
