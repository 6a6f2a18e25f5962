// The reference: a server that only answers. What the generator and this machine can do at most.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { end } from '../processes.mjs';

export async function startBareServer({ connections }) {
  const child = fork(fileURLToPath(new URL('bare-server-process.mjs', import.meta.url)));
  const [{ port }] = await once(child, 'message');
  return {
    name: 'bare server',
    port,
    devices: Array.from({ length: connections }, (_, index) => ({ id: `bench-${index}`, secret: 'none' })),
    processes: [{ name: 'server', pid: child.pid }],
    /** It keeps nothing. */
    stored: async () => null,
    stop: () => end(child),
  };
}
