import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { workerFile } from '../storage/worker-file.ts';
import type { ScriptLimits } from './script-language.ts';
import type { ScriptThreadData, ToScripts } from './script-messages.ts';

/** A thread for scripts, and the two ends to talk with it. */
export interface ScriptChannel {
  readonly worker: Worker;
  /** FromScripts come here. */
  readonly answers: MessagePort;
  readonly signal: Int32Array;
  send(message: ToScripts): void;
  stop(): Promise<unknown>;
}

/** It keeps no process alive. */
export function openScriptChannel(limits: ScriptLimits): ScriptChannel {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ScriptThreadData = { limits, port: port2, signal };
  const worker = new Worker(workerFile('script-worker'), {
    workerData,
    transferList: [port2],
    name: 'scripts',
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  });
  worker.unref();
  port1.unref();
  return {
    worker,
    answers: port1,
    signal,
    send: (message) => worker.postMessage(message),
    stop: () => {
      port1.close();
      return worker.terminate();
    },
  };
}
