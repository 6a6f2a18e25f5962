import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startHub } from '../helpers/hub.ts';
import { requirePython } from '../helpers/peers.ts';
import { runScript } from '../helpers/run-script.ts';
import { repository } from '../helpers/source-graph.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

/** Ends the devices that the page starts, and waits until they are there. */
const BEGIN = `trap 'kill $(jobs -p) 2>/dev/null' EXIT; set -e; muster() { MUSTER "$@"; }`;
const THERE = 'for try in $(seq 100); do [ "$(MUSTER device list --online --output csv --columns id | grep -c boiler)" = 2 ] && break; sleep 0.1; done';

it('the commands of the page about a fleet do what it says', { timeout: 120_000 }, async (context) => {
  const python = requirePython('paho.mqtt.client', context);
  const page = await readFile(join(repository, 'docs/start/fleet.md'), 'utf8');
  const folder = temporaryFolder();
  for (const [, name = '', text = ''] of page.matchAll(/`([\w.]+)`, [^`]*```(?:yaml|csv)\n(.*?)^```$/gms)) await writeFile(join(folder, name), text);
  const hub = await startHub();
  const { port } = new URL(hub.mqttUrl);
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, text = '']) => text)
    .filter((text) => text !== 'muster serve\n')
    .map((text) =>
      text
        .replaceAll('http://127.0.0.1:8080', hub.url)
        .replaceAll('python3 docs/', `${python} ${repository}/docs/`)
        .replaceAll(/--id (\S+) &/g, `--id $1 --port ${port} --interval 0.2 >/dev/null &`)
        .replace(/^muster call .*$/m, '$& || echo "exit code $?"'),
    );
  expect(blocks).toHaveLength(7);
  const devices = blocks.findIndex((text) => text.includes('device.py'));
  const script = [BEGIN, ...blocks.slice(0, devices + 1), THERE, ...blocks.slice(devices + 1)].join('\n');
  const { code, stdout, stderr } = await runScript(script, [], { env: { ...process.env, ...hub.env }, cwd: folder, stdin: 'closed', timeoutMs: 100_000 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('1 of 3 devices did not do it') });
  expect(stdout).toContain('exit code 7');
  expect(stdout).toMatch(/^boiler-9 .* active {2}yes .* site=paris$/m);
  expect(stdout).toMatch(/^ {2}hall-2 +hall +2 +1 /m);
});
