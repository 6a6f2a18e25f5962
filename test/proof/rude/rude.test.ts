import { describe, it } from 'vitest';
import { prove } from '../prove.ts';
import { rude } from './rude.ts';

describe('a hub among slow, silent and rude clients', () => {
  it('slows nobody else, cuts silent peers, and outlives a lack of descriptors', (context) => prove(rude, context), 180_000);
});
