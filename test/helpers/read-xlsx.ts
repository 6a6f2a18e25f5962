import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** openpyxl: every cell as it says; dates as ISO text; formulas, if there are any, by their type. */
const SCRIPT = `
import datetime, json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
cell = lambda c: {'formula': c.value} if c.data_type == 'f' else c.value.isoformat() if isinstance(c.value, datetime.datetime) else c.value
print(json.dumps([{'name': s.title, 'frozen': s.freeze_panes, 'rows': [[cell(c) for c in r] for r in s.iter_rows()]} for s in book.worksheets]))
`;

export interface Sheet {
  readonly name: string;
  readonly frozen: string | null;
  readonly rows: readonly (readonly unknown[])[];
}

let found: string | null | undefined;

/** The python3 that has it: that of the path, or that of the system's packages. */
function reader(): string | null {
  found ??=
    ['python3', '/usr/bin/python3'].find((python) => spawnSync(python, ['-c', 'import openpyxl'], { stdio: 'ignore', timeout: 30_000 }).status === 0) ?? null;
  return found;
}

/** Skips the test aloud where there is no openpyxl; with MUSTER_REQUIRE_PEERS=1 it fails. */
export function requireSpreadsheetReader(context: Pick<TestContext, 'skip'>): void {
  if (reader() === null) {
    const reason = 'python3 with openpyxl is not installed';
    if (process.env.MUSTER_REQUIRE_PEERS === '1') throw new Error(reason);
    process.stderr.write(`SKIPPED: ${reason}\n`);
    context.skip(reason);
  }
}

/** A workbook as a reader sees it that has nothing to do with its writer. */
export function readXlsx(bytes: Uint8Array): readonly Sheet[] {
  const file = join(temporaryFolder(), 'book.xlsx');
  writeFileSync(file, bytes);
  return JSON.parse(execFileSync(reader() ?? 'python3', ['-c', SCRIPT, file], { encoding: 'utf8', maxBuffer: 1e9 }));
}
