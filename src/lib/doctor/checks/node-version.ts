import { type Check, fail, ok } from '../check.ts';

/** As `engines` in package.json. */
const LEAST = [20, 15] as const;

export const nodeVersion: Check = { name: 'node', run: async () => checkNodeVersion(process.versions.node) };

export function checkNodeVersion(version: string): ReturnType<typeof ok> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return ok(`Node ${version}`);
  return fail(`Node ${version} is too old`, `Install Node ${LEAST.join('.')} or newer; the current LTS is a good choice.`);
}
