import type { MessagePort } from 'node:worker_threads';
import type { ScriptAnswer, ScriptLimits } from './script-language.ts';

/** What the thread is made with. */
export interface ScriptThreadData {
  readonly limits: ScriptLimits;
  /** Answers go here, not over the thread's own port: who waits without an event loop can take them from it. */
  readonly port: MessagePort;
  /** One number, counted up with each answer, for who waits for it to change. */
  readonly signal: Int32Array;
}

export type ToScripts =
  | { readonly kind: 'program'; readonly program: number; readonly language: string; readonly source: string }
  | { readonly kind: 'check'; readonly id: number; readonly language: string; readonly source: string }
  | { readonly kind: 'call'; readonly id: number; readonly program: number; readonly text: string }
  | { readonly kind: 'release'; readonly program: number };

/** For a check: `ok` with an empty text. */
export interface FromScripts {
  readonly id: number;
  readonly answer: ScriptAnswer;
}
