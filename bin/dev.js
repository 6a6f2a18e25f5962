#!/usr/bin/env node
// Builds first, so that a change is seen at once.
import { buildAll } from '../scripts/build.mjs';

await buildAll();
const { execute } = await import('../dist/main.js');
await execute({ development: true, dir: import.meta.url });
