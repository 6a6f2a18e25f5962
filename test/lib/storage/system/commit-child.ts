// Commits units as fast as the disk takes them and prints the number of each that is acknowledged. Killed by its test.
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';

const [file = '', first = '0'] = process.argv.slice(2);
const log = createCommitLog({ file, queueMax: 1000, journalBytesMax: 1e9, repeatWindowMs: 600_000, log: SILENT_LOG });
await log.start();
let next = Number(first);

async function keepCommitting(): Promise<void> {
  for (;;) {
    const number = next++;
    try {
      await log.commit({
        statements: [{ sql: 'insert into projects (id, created_at) values (?, ?)', parameters: [`p${number}`, number] }],
        samples: numbers([number, number, number]),
      });
      process.stdout.write(`${number}\n`);
    } catch (error: unknown) {
      process.stdout.write(`failed ${(error as { reason?: string }).reason}\n`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

await Promise.all(Array.from({ length: 20 }, keepCommitting));
