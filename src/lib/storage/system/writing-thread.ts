import { Worker } from 'node:worker_threads';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { workerFile } from '../worker-file.ts';
import type { FromWriter, ToWriter, WriterOptions } from './commit-messages.ts';

/** The thread that owns the writing connection, from its start to its end. */
export interface WritingThread {
  readonly ready: Extract<FromWriter, { kind: 'ready' }>;
  send(message: ToWriter): void;
  /** Resolves when the thread has ended, after a `close` or by force. */
  readonly ended: Promise<void>;
  terminate(): Promise<void>;
}

export interface WritingThreadListener {
  onAnswer(answer: FromWriter): void;
  /** It ended by itself, and what was on its way to it with it. Told once. */
  onDeath(cause: unknown): void;
}

/** Starts a thread; it makes or migrates the database. Throws MusterError `storage_failed`, or `internal` when there is no thread. */
export async function startWritingThread(options: WriterOptions, { onAnswer, onDeath }: WritingThreadListener, heapMb?: number): Promise<WritingThread> {
  const resourceLimits = heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb };
  const thread = new Worker(workerFile('commit-worker'), { workerData: options, resourceLimits });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  const first = await new Promise<FromWriter>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', (cause) => reject(new MusterError('internal', `the writing thread did not start: ${messageOf(cause)}`, { cause })));
    thread.once('exit', () => reject(new MusterError('internal', 'the writing thread ended while it started')));
  });
  if (first.kind !== 'ready') {
    await thread.terminate();
    const { message, hint } = first.kind === 'unusable' ? first : { message: 'the writing thread gave no answer', hint: null };
    throw new MusterError('storage_failed', message, { hint: hint ?? undefined, details: { file: options.file } });
  }
  let alive = true;
  const die = (cause: unknown) => {
    if (alive) onDeath(cause);
    alive = false;
  };
  thread.on('message', onAnswer);
  thread.on('error', die);
  thread.on('exit', () => die(new Error('the thread ended')));
  return {
    ready: first,
    send(message) {
      const buffers = message.kind === 'group' ? [message.blob, message.changes, message.marks] : [];
      thread.postMessage(
        message,
        buffers.flatMap((buffer) => (buffer === null ? [] : [buffer.buffer as ArrayBuffer])),
      );
      if (message.kind === 'close') alive = false;
    },
    ended,
    async terminate() {
      alive = false;
      await thread.terminate();
    },
  };
}
