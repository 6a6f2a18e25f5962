import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../src/lib/config/settings.ts';
import { requirePeer } from '../helpers/peers.ts';
import { diskFloor, diskFull } from './disk-full/disk-full.ts';
import { killMosquitto } from './kill/kill.ts';
import { runProof } from './proof.ts';
import { prove, requireNoObstacle } from './prove.ts';
import { PROOFS } from './registry.ts';
import { seedOfTests } from './seed.ts';

const LONGEST_MS = 300_000;

// In one file, so that they come one after the other: each measures a hub that has the machine to itself, as far as a test may.
describe('a real hub', () => {
  for (const proof of PROOFS) it(`${proof.name}: ${proof.summary}`, (context) => prove(proof, context), LONGEST_MS);

  it.skipIf(!('storage.free-disk-bytes-min' in SETTINGS))(
    'refuses below its floor of free disk, and takes reports again above it',
    async (context) => {
      requireNoObstacle(diskFull, context);
      const { failures } = await runProof(diskFloor, { seed: seedOfTests(), rounds: 1, seconds: 0, say: () => undefined });
      expect(failures).toEqual([]);
    },
    60_000,
  );
});

describe('the proof by kill -9', () => {
  it('finds out a broker that loses what it acknowledged', async (context) => {
    requirePeer('mosquitto', context);
    const { failures } = await runProof(killMosquitto, { seed: 1, rounds: 1, seconds: 0, say: () => undefined });
    expect(failures.join('\n')).toContain('never reached a persistent session');
  }, 60_000);
});
