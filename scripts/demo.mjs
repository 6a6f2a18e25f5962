// `npm run demo -- [arguments of muster demo]`: everything from a fresh clone to a running demonstration.
import { run, setUp } from './setup.mjs';

await setUp();
process.exitCode = await run('bin/run.js', ['demo', ...process.argv.slice(2)]);
