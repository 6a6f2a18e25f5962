import { receiveMessageOnPort } from 'node:worker_threads';
import type { ScriptProgram, ScriptRunner } from '../alarms/conditions/condition.ts';
import { openScriptChannel, type ScriptChannel } from './script-channel.ts';
import { checkLength, resultOf, scriptFailure } from './script-failure.ts';
import { SCRIPT_LIMITS, type ScriptAnswer, type ScriptLimits } from './script-language.ts';
import type { FromScripts, ToScripts } from './script-messages.ts';

export interface WaitingScripts extends ScriptRunner {
  stop(): Promise<void>;
}

/** The first answer includes the start of the thread, on a machine that is busy. */
const START_MS_MAX = 15_000;

/**
 * Scripts for who may wait: a back-test in its own thread, a command, a simulated gateway. A call gives its result at once. It still runs in a thread of its own,
 * because a loop inside of the interpreter, such as a search in a list of four thousand million entries, can be ended by nothing but the end of its thread.
 */
export function createWaitingScripts(limits: ScriptLimits = SCRIPT_LIMITS): WaitingScripts {
  let channel: ScriptChannel | null = null;
  let lastId = 0;
  let lastProgram = 0;
  let isStarted = false;
  const programs = new Map<number, ToScripts>();

  const open = (): ScriptChannel => {
    if (channel !== null) return channel;
    channel = openScriptChannel(limits);
    isStarted = false;
    for (const program of programs.values()) channel.send(program);
    return channel;
  };
  const ask = (message: ToScripts & { readonly id: number }): ScriptAnswer => {
    const thread = open();
    thread.send(message);
    const deadline = performance.now() + (isStarted ? limits.wallMsMax * 4 : START_MS_MAX);
    for (;;) {
      const seen = Atomics.load(thread.signal, 0);
      const received = receiveMessageOnPort(thread.answers) as { readonly message: FromScripts } | undefined;
      if (received?.message.id === message.id) {
        isStarted = true;
        return received.message.answer;
      }
      if (received !== undefined) continue;
      const left = deadline - performance.now();
      if (left <= 0 || Atomics.wait(thread.signal, 0, seen, left) === 'timed-out') {
        if (performance.now() < deadline) continue;
        channel = null;
        thread.stop().catch(() => undefined);
        return { ok: false, mistake: { message: 'it takes too long, and had to be ended with its thread', line: null } };
      }
    }
  };

  const release = (program: number): void => {
    if (programs.delete(program)) channel?.send({ kind: 'release', program });
  };
  // Rules come and go, and nobody has to say so.
  const dropped = new FinalizationRegistry<number>(release);

  const compile = (language: string, source: string): ScriptProgram => {
    checkLength(source);
    lastId += 1;
    const read = ask({ kind: 'check', id: lastId, language, source });
    if (!read.ok) throw scriptFailure(read.mistake);
    let program = 0;
    const handle: ScriptProgram = {
      later: false,
      call: (input) => {
        // With the first call: a rule that is only read leaves nothing behind.
        if (program === 0) {
          lastProgram += 1;
          program = lastProgram;
          const message: ToScripts = { kind: 'program', program, language, source };
          open().send(message);
          programs.set(program, message);
          dropped.register(handle, program, handle);
        }
        lastId += 1;
        return resultOf(ask({ kind: 'call', id: lastId, program, text: JSON.stringify(input) }));
      },
      release: () => {
        dropped.unregister(handle);
        release(program);
      },
    };
    return handle;
  };

  return {
    compile,
    stop: async () => {
      const thread = channel;
      channel = null;
      programs.clear();
      await thread?.stop();
    },
  };
}
