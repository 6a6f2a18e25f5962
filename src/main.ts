export { execute } from './lib/cli/execute.ts';
