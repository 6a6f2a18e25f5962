import { defineConfig } from 'vitest/config';
import LongestFirst from './test/helpers/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    // Threads without isolation: a module is loaded once, which takes the suite from minutes to seconds.
    // So a test must not leave state in a module.
    setupFiles: ['./test/helpers/fixed-seed.ts'],
    pool: 'threads',
    isolate: false,
    // Of two processors: about half of the time a test waits, for a disk, a process or a second to pass.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Concurrent tests of one file: most of them wait for time to pass (MQTT keep-alive, expiry, will delay).
    maxConcurrency: 15,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/helpers/closing-line-reporter.ts'],
  },
});
