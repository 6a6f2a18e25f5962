import { describe, it } from 'vitest';
import { prove } from '../prove.ts';
import { overload } from './overload.ts';

describe('a hub that is offered three times what it holds', () => {
  it('keeps memory and latency bounded, loses nothing acknowledged, and is normal again in seconds', (context) => prove(overload, context), 180_000);
});
