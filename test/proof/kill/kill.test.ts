import { describe, expect, it } from 'vitest';
import { requirePeer } from '../../helpers/peers.ts';
import { runProof } from '../proof.ts';
import { prove } from '../prove.ts';
import { kill, killMosquitto } from './kill.ts';

describe('a hub that is killed again and again', () => {
  it('keeps what it acknowledged, once, and hands it to whoever subscribed', (context) => prove(kill, context), 180_000);

  it('would be found out: a broker that loses what it acknowledged does not pass', async (context) => {
    requirePeer('mosquitto', context);
    const { failures } = await runProof(killMosquitto, { seed: 1, rounds: 1, seconds: 0, say: () => undefined });
    expect(failures.join('\n')).toContain('never reached a persistent session');
  }, 60_000);
});
