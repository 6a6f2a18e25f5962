// What `npm run demo` and `npm test` do before their own work: install and build, each only when something is missing or old.
// All of its output goes to stderr: stdout belongs to what is run afterwards.
import { spawn } from 'node:child_process';
import { lstat, readdir, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs what package-lock.json lists and builds dist/ and the generated files. */
export async function setUp() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 15)) fail(`Muster needs Node 20.15 or newer; this is ${process.versions.node}.`);
  if (await installIsOld()) {
    // npm ci would empty the directory behind it, which others use.
    if ((await lstat(join(root, 'node_modules')).catch(() => null))?.isSymbolicLink())
      fail('node_modules is a link to an installation that is older than package-lock.json. Run `npm ci` where it leads to, or remove the link.');
    process.stderr.write('Installing packages (npm ci) ...\n');
    await must(npm(), ['ci', '--no-audit', '--no-fund']);
  }
  if (await buildIsOld()) {
    process.stderr.write('Building ...\n');
    await must(process.execPath, ['scripts/build.mjs']);
    await must(process.execPath, ['scripts/generate.mjs']);
  }
}

// npm writes node_modules/.package-lock.json last, so an interrupted installation counts as missing.
async function installIsOld() {
  const installed = await modified('node_modules/.package-lock.json');
  return installed === 0 || installed < (await modified('package-lock.json'));
}

async function buildIsOld() {
  // Written by the last step of a build, for the same reason.
  const built = Math.min(await modified('dist/main.js'), await modified('oclif.manifest.json'));
  if (built === 0) return true;
  const sources = await Promise.all([newest('src'), newest('scripts'), modified('package.json')]);
  return Math.max(...sources) > built;
}

async function modified(path) {
  return (await stat(join(root, path)).catch(() => null))?.mtimeMs ?? 0;
}

async function newest(folder) {
  const entries = await readdir(join(root, folder), { recursive: true });
  // Folders count too: a deleted file changes only them.
  return Math.max(...(await Promise.all([folder, ...entries.map((entry) => join(folder, entry))].map(modified))));
}

/** npm's own program when npm runs us: independent of PATH, and of npm.cmd, which Windows starts through a shell only. */
function npm() {
  return process.env.npm_execpath ?? (process.platform === 'win32' ? 'npm.cmd' : 'npm');
}

/**
 * Runs a program in the repository with our terminal and resolves with its exit code; signals sent to us reach it. 128 + number
 * for one that was ended by a signal, as in a shell.
 */
export function run(program, parameters, { quiet = false, env = process.env } = {}) {
  const script = /\.[cm]?js$/.test(program);
  const windowsScript = /\.cmd$/i.test(program);
  const child = spawn(script ? process.execPath : program, script ? [program, ...parameters] : parameters, {
    cwd: root,
    env,
    stdio: quiet ? ['ignore', 2, 2] : 'inherit',
    // Only ever for `npm.cmd ci` with fixed parameters: nothing a user typed goes through a shell.
    shell: windowsScript,
  });
  // On a terminal the whole group gets Ctrl-C, so the child has it already; we only must not die before it.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

async function must(program, parameters) {
  const code = await run(program, parameters, { quiet: true });
  if (code !== 0) {
    process.stderr.write(`\`${[program, ...parameters].join(' ')}\` failed with exit code ${code}.\n`);
    process.exit(code);
  }
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
