import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../../src/lib/config/settings.ts';
import { runProof } from '../proof.ts';
import { prove } from '../prove.ts';
import { seedOfTests } from '../seed.ts';
import { diskFloor, diskFull } from './disk-full.ts';

describe('a hub whose disk is full', () => {
  it('refuses in words, reads on, survives kill -9 and recovers by itself without loss', (context) => prove(diskFull, context), 180_000);

  it.skipIf(!('storage.free-disk-bytes-min' in SETTINGS))(
    'refuses below its floor of free disk, and takes reports again above it',
    async (context) => {
      const obstacle = diskFull.obstacle?.() ?? null;
      if (obstacle !== null) {
        if (process.env.MUSTER_REQUIRE_PEERS === '1') throw new Error(obstacle);
        process.stderr.write(`SKIPPED: ${obstacle}\n`);
        context.skip(obstacle);
      }
      const { failures } = await runProof(diskFloor, { seed: seedOfTests(), rounds: 1, seconds: 0, say: () => undefined });
      expect(failures).toEqual([]);
    },
    60_000,
  );
});
