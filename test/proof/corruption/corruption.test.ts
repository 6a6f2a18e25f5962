import { describe, it } from 'vitest';
import { prove } from '../prove.ts';
import { corruption } from './corruption.ts';

describe('a hub with damaged files', () => {
  it('names what is damaged and serves the rest as it was acknowledged', (context) => prove(corruption, context), 180_000);
});
