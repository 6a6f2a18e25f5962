import fc from 'fast-check';

/**
 * Property tests run with the same seed everywhere, so that a change fails for what it changed. New seeds are for whoever looks for
 * more: `MUSTER_SEED=random npm test`, or a number to see a failure again.
 */
const wanted = process.env.MUSTER_SEED ?? '20261122';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
