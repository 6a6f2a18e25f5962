import { differenceOf } from '../cli/text-difference.ts';
import { manifestYaml } from './bodies.ts';
import type { PlanEntry } from './plan.ts';
import { placeOf } from './read-manifests.ts';
import { kindNamed } from './registry.ts';

const SIGNS = { create: '+', update: '~', delete: '-', unchanged: ' ' } as const;

/** One object: a line that says which and where the file says it, then its lines before and after. */
export async function differenceText({ kind, name, action, before, after, place }: PlanEntry): Promise<string> {
  const manifest = kindNamed(kind);
  const lines = differenceOf(await manifestYaml(manifest, before), await manifestYaml(manifest, after));
  const where = place === null ? '' : `  (${placeOf(place)})`;
  return [`${SIGNS[action]} ${kind} ${name}${where}`, ...lines.map((line) => `    ${line}`), ''].join('\n');
}
