import { statfs } from 'node:fs/promises';
import { type Check, ok, warn } from '../check.ts';
import { probeDirectory } from '../probe-directory.ts';

const FREE_BYTES_LEAST = 1_000_000_000;

export const dataDirectory: Check = {
  name: 'data directory',
  async run({ dataDirectory }) {
    const probe = await probeDirectory(dataDirectory);
    // A machine that only drives a remote hub never writes there: no failure.
    if (probe.problem !== null) return warn(`${dataDirectory} ${probe.problem}`, 'To run a hub here, correct its rights, or choose another with --data.');
    const { bavail, bsize } = await statfs(probe.existing);
    const free = bavail * bsize;
    const text = `${dataDirectory} ${probe.exists ? 'is writable' : 'can be created'}, ${(free / 1e9).toFixed(1)} GB free`;
    return free < FREE_BYTES_LEAST
      ? warn(text, 'A hub stops taking data when the disk is full: free some space, or choose another disk with --data.')
      : ok(text);
  },
};
