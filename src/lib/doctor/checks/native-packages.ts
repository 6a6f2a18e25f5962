import { messageOf } from '../../errors/muster-error.ts';
import { type Check, fail, ok } from '../check.ts';

/** The packages with machine code: a wrong platform or an installation without optional packages shows here. */
const PACKAGES = {
  sqlite: () => import('@photostructure/sqlite'),
  duckdb: () => import('@duckdb/node-api'),
} as const;

export const nativePackages: Check = {
  name: 'native packages',
  async run() {
    const broken: string[] = [];
    for (const [name, load] of Object.entries(PACKAGES)) {
      try {
        await load();
      } catch (error) {
        broken.push(`${name} (${messageOf(error).split('\n', 1)[0]})`);
      }
    }
    if (broken.length === 0) return ok(`${Object.keys(PACKAGES).join(' and ')} load on ${process.platform}-${process.arch}`);
    return fail(`Cannot load ${broken.join(' and ')}`, 'Install again on this machine with `npm ci`, with optional packages and for this platform.');
  },
};
