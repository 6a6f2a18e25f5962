/** The seed of a short proof: the same everywhere, unless MUSTER_SEED says otherwise (`random`, or a number to see a failure again). */
export function seedOfTests(): number {
  const wanted = process.env.MUSTER_SEED ?? '20261122';
  return wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted);
}
