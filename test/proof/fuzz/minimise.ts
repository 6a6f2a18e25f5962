/** The fewest elements that still make it fail, as far as so many attempts tell: halves are left out as long as it fails without them. */
export async function minimise<Element>(
  elements: readonly Element[],
  fails: (some: readonly Element[]) => Promise<boolean>,
  attemptsMax: number,
): Promise<readonly Element[]> {
  let some = elements;
  let pieces = 2;
  for (let attempts = 0; attempts < attemptsMax && some.length > 1; ) {
    const size = Math.ceil(some.length / pieces);
    let smaller: readonly Element[] | null = null;
    for (let from = 0; from < some.length && smaller === null && attempts < attemptsMax; from += size) {
      const without = [...some.slice(0, from), ...some.slice(from + size)];
      attempts += 1;
      if (await fails(without)) smaller = without;
    }
    if (smaller !== null) {
      some = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) break;
    else pieces = Math.min(some.length, pieces * 2);
  }
  return some;
}
