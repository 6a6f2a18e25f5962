import { writeFileSync } from 'node:fs';
import type { Random } from '../../../src/lib/simulation/random.ts';

/** A row as it was written, and what the hub must make of it. */
export interface FleetRow {
  /** Of the file; the header is line 1. */
  readonly line: number;
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly parent: string;
  readonly site: string;
  /** What is wrong with it; null: nothing. */
  readonly wrong: string | null;
}

const SITES = ['paris', 'lyon', 'lille', 'nice'];
/** Devices in a row that stand behind the same gateway, which is the first of them. */
const FAMILY = 50;

type Spoil = (row: FleetRow, good: readonly FleetRow[], random: Random) => FleetRow;
/** Found by the command, and by the hub. */
const SPOILS: readonly Spoil[] = [
  (row) => ({ ...row, kind: 'toaster', wrong: 'an unknown kind' }),
  (row) => ({ ...row, id: `${row.id} of paris`, wrong: 'a malformed id' }),
  (row) => ({ ...row, parent: 'nobody', wrong: 'an unknown gateway' }),
  (row, good, random) => ({ ...row, id: good[Math.floor(random() * good.length)]?.id ?? row.id, wrong: 'an id that stands in an earlier row' }),
  (row) => ({ ...row, parent: row.id, wrong: 'it stands behind itself' }),
  (row) => ({ ...row, name: 'n'.repeat(5_000), wrong: 'a name that is too long' }),
];

/** `bad` of the rows are spoiled, at places left to chance; gateways never. */
export function makeFleet(rows: number, bad: number, random: Random): FleetRow[] {
  const spoiled = new Set<number>();
  while (spoiled.size < bad) {
    const index = Math.floor(random() * rows);
    if (index % FAMILY !== 0) spoiled.add(index);
  }
  const made: FleetRow[] = [];
  const good: FleetRow[] = [];
  for (let index = 0; index < rows; index += 1) {
    const isGateway = index % FAMILY === 0;
    const id = idOf(index);
    const row: FleetRow = {
      line: index + 2,
      id,
      kind: isGateway ? 'gateway' : 'device',
      name: `Meter "${index}", ${id}`,
      parent: isGateway ? '' : idOf(index - (index % FAMILY)),
      site: SITES[Math.floor(random() * SITES.length)] ?? '',
      wrong: null,
    };
    const spoil = spoiled.has(index) ? SPOILS[Math.floor(random() * SPOILS.length)] : undefined;
    const written = spoil?.(row, good, random) ?? row;
    made.push(written);
    if (written.wrong === null) good.push(written);
  }
  return made;
}

const idOf = (index: number): string => `meter-${String(index).padStart(7, '0')}`;

export function writeFleet(path: string, rows: readonly FleetRow[]): void {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = rows.map(({ id, kind, name, parent, site }) => [id, kind, quoted(name), parent, site].join(','));
  writeFileSync(path, `id,kind,name,parent,label.site\n${lines.join('\n')}\n`);
}
