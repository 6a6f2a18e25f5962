import { dirname } from 'node:path';
import { type Check, fail, ok } from '../check.ts';
import { probeDirectory } from '../probe-directory.ts';

export const configDirectory: Check = {
  name: 'config directory',
  async run({ contextFile }) {
    const directory = dirname(contextFile);
    const probe = await probeDirectory(directory);
    if (probe.problem !== null)
      return fail(`${directory} ${probe.problem}`, 'Log-ins are kept there: correct its rights, or set XDG_CONFIG_HOME to another directory.');
    return ok(`${directory} ${probe.exists ? 'is writable' : 'can be created'}`);
  },
};
