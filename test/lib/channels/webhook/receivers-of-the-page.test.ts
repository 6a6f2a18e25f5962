import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { expect, it, onTestFinished } from 'vitest';
import { createTargetGuard } from '../../../../src/lib/channels/target-guard.ts';
import { WebhookSchema } from '../../../../src/lib/channels/webhook/config.ts';
import { createWebhookSender } from '../../../../src/lib/channels/webhook/webhook-sender.ts';
import { testNotification } from '../../../../src/lib/notifications/compose-notification.ts';
import { requirePeer } from '../../../helpers/peers.ts';
import { repository } from '../../../helpers/source-graph.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const page = readFileSync(join(repository, 'docs/operate/notifications.md'), 'utf8');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

it.for([
  ['js', process.execPath, 'receiver.mjs'],
  ['python', 'python3', 'receiver.py'],
])(
  'the receiver in %s of the page on notifications takes what is signed, once, and nothing else',
  { timeout: 40_000 },
  async ([language = '', binary = '', name = ''], context) => {
    requirePeer(binary, context);
    const code = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';
    const file = join(temporaryFolder(), name);
    writeFileSync(file, code);
    const port = await freePort();
    for (const secret of [`whsec_${Buffer.from('a key of thirty-two bytes, at least').toString('base64')}`, 'a secret in words, long enough']) {
      const child = spawn(binary, [file], { env: { ...process.env, PORT: String(port), SECRET: secret }, stdio: ['ignore', 'pipe', 'pipe'] });
      const ended = new Promise((resolve) => child.once('close', resolve));
      onTestFinished(() => void child.kill('SIGKILL'));
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
      await waitUntil(() => output.includes('ready'), `the receiver listens: ${output}`, 10_000);
      const around = { targets: createTargetGuard(['loopback']), clock: Date.now };
      const send = (given: string, clock = Date.now) => {
        const sender = createWebhookSender(WebhookSchema.parse({ url: `http://127.0.0.1:${port}/`, secret: given }), { ...around, clock });
        onTestFinished(() => sender.stop());
        return (title: string, delivery: string) => sender.send({ ...testNotification(delivery, 'default', 'ops', 0), title }, new AbortController().signal);
      };
      const delivery = uuidv7();
      expect(await send(secret)('first', delivery)).toMatch(/^204/);
      expect(await send(secret)('first', delivery)).toMatch(/^204/);
      await expect(send('another secret, long enough')('forged', uuidv7())).rejects.toThrow('401');
      await expect(send(secret, () => Date.now() - 3_600_000)('old', uuidv7())).rejects.toThrow('401');
      expect(await send(secret)('last', uuidv7())).toMatch(/^204/);
      await waitUntil(() => output.includes('last'), 'the last is printed');
      expect(output.trim().split(/\r?\n/)).toEqual(['ready', 'first', 'last']);
      child.kill('SIGKILL');
      await ended;
    }
  },
);
