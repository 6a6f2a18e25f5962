// Commits what a scripted broker changes, with samples and marks beside it, as fast as the disk takes it, and prints the number of each
// commit that is acknowledged. Killed by its test, which runs the same script.
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { brokerSteps, ScriptedBroker } from '../../../helpers/broker-script.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';

const [file = '', seed = '0', payloadBytes = '100'] = process.argv.slice(2);
const log = createCommitLog({ file, queueMax: 1000, journalBytesMax: 1e9, repeatWindowMs: 600_000, log: SILENT_LOG });
await log.start();
const broker = new ScriptedBroker(Number(payloadBytes));
let number = 0;
for (const step of brokerSteps(Number(seed))) {
  const own = ++number;
  const mark = { keyHigh: own, keyLow: 7, accepted: 1, rejected: 0 };
  const committed = log.commit({ changes: broker.step(step), samples: numbers([own, own, own]), marks: [mark] });
  committed.then(() => process.stdout.write(`${own}\n`));
  // So many at once, so that groups differ in size.
  if (own % 37 === 0) await committed;
}
