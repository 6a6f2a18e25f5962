import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { build } from 'esbuild';
import { ROOT } from '../root.ts';
import type { Scope } from '../scope.ts';

/** A client in a process of its own: what it measures is not held up by what the proof does meanwhile. */
export interface Actor {
  /** Asks it something; resolves with its answer. Rejects when it ends before that. */
  ask<Answer>(question: object): Promise<Answer>;
  end(): Promise<void>;
}

let bundles = 0;

/** Bundles and starts `test/proof/actors/<name>.ts`: Node 20 runs no TypeScript. */
export async function startActor(scope: Scope, name: 'load' | 'probe' | 'storm'): Promise<Actor> {
  const outfile = join(ROOT, 'dist', 'test-bundles', `${name}-${process.pid}-${threadId}-${bundles++}.mjs`);
  scope.defer(() => rm(outfile, { force: true }));
  await build({
    entryPoints: [join(ROOT, 'test/proof/actors', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.15',
    packages: 'external',
    logLevel: 'error',
  });
  const child: ChildProcess = fork(outfile, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced', execArgv: [] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const waiting = new Map<number, (answer: unknown) => void>();
  let questions = 0;
  child.on('message', ({ question, answer }: { readonly question: number; readonly answer: unknown }) => {
    waiting.get(question)?.(answer);
    waiting.delete(question);
  });
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  scope.defer(end);
  return {
    end,
    ask: (content) =>
      Promise.race([
        new Promise<never>((_, reject) => void ended.then(() => reject(new Error(`the process of ${name} ended too early`)))),
        new Promise((resolve) => {
          const question = questions++;
          waiting.set(question, resolve as (answer: unknown) => void);
          child.send({ question, content });
        }),
      ]) as Promise<never>,
  };
}
