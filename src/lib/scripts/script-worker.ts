import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors/muster-error.ts';
import { ScriptHost } from './script-host.ts';
import type { ScriptAnswer } from './script-language.ts';
import type { FromScripts, ScriptThreadData, ToScripts } from './script-messages.ts';

// The thread that runs the scripts of rules: one call after the other. It ends when it is terminated.
const parent = parentPort;
if (parent !== null) run(parent, workerData as ScriptThreadData);

function run(inbox: NonNullable<typeof parentPort>, { limits, port, signal }: ScriptThreadData): void {
  const host = new ScriptHost(limits);
  const answer = (id: number, given: ScriptAnswer): void => {
    port.postMessage({ id, answer: given } satisfies FromScripts);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  };
  let turn = Promise.resolve();
  inbox.on('message', (message: ToScripts) => {
    turn = turn
      .then(() => take(host, message, answer))
      .catch((error: unknown) => {
        if ('id' in message) answer(message.id, { ok: false, mistake: { message: messageOf(error), line: null } });
      });
  });
}

async function take(host: ScriptHost, message: ToScripts, answer: (id: number, given: ScriptAnswer) => void): Promise<void> {
  switch (message.kind) {
    case 'program':
      return host.add(message.program, message.language, message.source);
    case 'release':
      return host.release(message.program);
    case 'check': {
      const mistake = await host.check(message.language, message.source);
      return answer(message.id, mistake === null ? { ok: true, text: '' } : { ok: false, mistake });
    }
    case 'call':
      return answer(message.id, await host.call(message.program, message.text));
  }
}
