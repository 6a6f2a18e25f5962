import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ScriptProgram } from '../../../src/lib/alarms/conditions/condition.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { SCRIPT_LIMITS, SOURCE_LENGTH_MAX } from '../../../src/lib/scripts/script-language.ts';
import { createScriptThread, type ScriptThread } from '../../../src/lib/scripts/script-thread.ts';
import { createWaitingScripts, type WaitingScripts } from '../../../src/lib/scripts/waiting-scripts.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const body = (text: string): string => `function evaluate(input, state) { ${text} }`;
/** A loop of the interpreter itself, in which it asks nobody whether to go on. */
const DEAF = body('return new Array(2 ** 32 - 1).join("abc").length');
const call = (program: ScriptProgram, input: JsonValue, state: JsonValue = null): JsonValue | Promise<JsonValue> => program.call({ input, state });

describe('scripts in the thread of a hub', () => {
  let scripts: ScriptThread;
  beforeAll(async () => {
    scripts = createScriptThread();
    await scripts.prepare();
  });
  afterAll(() => scripts.stop());

  test('answer with promises, each with its own', async () => {
    const double = scripts.compile('javascript', body('return input * 2'));
    const triple = scripts.compile('javascript', body('return input * 3'));
    expect(double.later).toBe(true);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => call(index % 2 === 0 ? double : triple, index)));
    expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => index * (index % 2 === 0 ? 2 : 3)));
  });

  test('are refused at once with the line of their mistake, without running', () => {
    expect(() => scripts.compile('javascript', 'function evaluate() {\n  retrun 1\n}')).toThrow(/SyntaxError.*\(line 2\)/);
    expect(() => scripts.compile('javascript', 'for (;;); function evaluate() {}')).not.toThrow();
    expect(() => scripts.compile('cobol', 'x')).toThrow('There is no script language cobol; there is javascript.');
    expect(() => scripts.compile('javascript', `${body('')}${' '.repeat(SOURCE_LENGTH_MAX)}`)).toThrow('more than 65536');
  });

  test('what one throws is its own affair', async () => {
    const bad = scripts.compile('javascript', body('throw new RangeError("no")'));
    const good = scripts.compile('javascript', body('return 1'));
    const [first, second] = await Promise.allSettled([call(bad, 1), call(good, 1)]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'invalid' } });
    expect(first.status === 'rejected' && (first.reason as Error).message).toBe('The script fails: RangeError: no (line 1)');
    expect(second).toEqual({ status: 'fulfilled', value: 1 });
  });

  test('one that uses up the memory does not take the others with it', async () => {
    const bomb = scripts.compile('javascript', body('const a = []; for (;;) a.push(new Uint8Array(1e5))'));
    const good = scripts.compile('javascript', body('return (state ?? 0) + 1'));
    expect(await call(good, null, 5)).toBe(6);
    const answers = await Promise.allSettled([call(bomb, 1), call(good, null, 6), call(bomb, 1), call(good, null, 7)]);
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : (answer.reason as Error).message))).toEqual([
      expect.stringContaining('too much memory'),
      7,
      expect.stringContaining('too much memory'),
      8,
    ]);
  });

  test('one that never answers is ended with its thread, the others go on, and it is not called again for a while', async () => {
    const own = createScriptThread({ ...SCRIPT_LIMITS, wallMsMax: 200 });
    onTestFinished(() => own.stop());
    const good = own.compile('javascript', body('return input + 1'));
    const deaf = own.compile('javascript', DEAF);
    expect(await call(good, 1)).toBe(2);
    let turns = 0;
    const beat = setInterval(() => {
      turns += 1;
    }, 5);
    const answers = await Promise.allSettled([call(good, 1), call(deaf, 1), call(good, 2), call(deaf, 1), call(good, 3)]);
    clearInterval(beat);
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : (answer.reason as Error).message))).toEqual([
      2,
      expect.stringContaining('had to be ended'),
      3,
      expect.stringContaining('not called for a minute'),
      4,
    ]);
    // The event loop went on.
    expect(turns).toBeGreaterThan(5);
    await expect(call(deaf, 1)).rejects.toThrow('not called for a minute');
    expect(own.counts()).toMatchObject({ ended: 1, waiting: 0 });
  });

  test('a full queue refuses, and empties again', async () => {
    const slow = scripts.compile('javascript', body('let n = 0; for (let i = 0; i < 1e4; i += 1) n += i; return n'));
    const before = scripts.counts().refused;
    const answers = await Promise.allSettled(Array.from({ length: 1100 }, () => call(slow, null)));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused.length).toBe(100);
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'overloaded' });
    expect(scripts.counts()).toMatchObject({ waiting: 0, refused: before + 100 });
  });

  test('a script that is released is gone', async () => {
    const gone = scripts.compile('javascript', body('return 1'));
    expect(await call(gone, 1)).toBe(1);
    gone.release();
    await expect(call(gone, 1)).rejects.toThrow('released');
  });

  test('stopping refuses what waits', async () => {
    const own = createScriptThread();
    const program = own.compile('javascript', body('return 1'));
    const waiting = Promise.allSettled([call(program, 1), call(program, 2)]);
    await own.stop();
    await own.stop();
    for (const answer of await waiting) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'stopping' } });
    await expect(call(program, 3)).rejects.toThrow(MusterError);
  });

  test('rules that are dropped leave nothing in the thread', async () => {
    const own = createScriptThread();
    onTestFinished(() => own.stop());
    for (let round = 0; round < 50; round += 1) expect(await call(own.compile('javascript', body(`return ${round}`)), null)).toBe(round);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await waitUntil(() => {
      collect();
      return own.counts().programs < 50;
    }, 'programs that nobody holds are dropped');
  });
});

describe('scripts whose caller waits', () => {
  let scripts: WaitingScripts;
  beforeAll(() => {
    scripts = createWaitingScripts();
  });
  afterAll(() => scripts.stop());

  test('give their result at once', () => {
    const program = scripts.compile('javascript', body('return { sum: input.a + input.b, state }'));
    expect(program.later).toBe(false);
    for (let round = 0; round < 500; round += 1) expect(call(program, { a: round, b: 1 }, [round])).toEqual({ sum: round + 1, state: [round] });
  });

  test('are refused with the line of their mistake', () => {
    expect(() => scripts.compile('javascript', 'function evaluate() {\n  retrun 1\n}')).toThrow(/SyntaxError.*\(line 2\)/);
    expect(() => scripts.compile('cobol', 'x')).toThrow('cobol');
  });

  test('one that never answers is ended with its thread, and the next goes on', () => {
    const own = createWaitingScripts({ ...SCRIPT_LIMITS, wallMsMax: 200 });
    onTestFinished(() => own.stop());
    const good = own.compile('javascript', body('return input + 1'));
    // The second one is busy with overflows of its stack, each of which is slow.
    for (const source of [DEAF, body('(function f() { try { f() } finally { f() } })()')]) {
      const bad = own.compile('javascript', source);
      expect(call(good, 1)).toBe(2);
      const before = performance.now();
      expect(() => call(bad, 1)).toThrow(/had to be ended with its thread|too many steps|too deeply/);
      expect(performance.now() - before).toBeLessThan(3000);
      expect(call(good, 2)).toBe(3);
    }
  });

  test('one that loops or uses up the memory fails alone', () => {
    const loop = scripts.compile('javascript', body('for (;;);'));
    const bomb = scripts.compile('javascript', body('const a = []; for (;;) a.push(new Uint8Array(1e5))'));
    const good = scripts.compile('javascript', body('return 1'));
    for (let round = 0; round < 3; round += 1) {
      expect(() => call(loop, 1)).toThrow('too many steps');
      expect(() => call(bomb, 1)).toThrow('too much memory');
      expect(call(good, 1)).toBe(1);
    }
  });

  test('start again after they were stopped', async () => {
    const own = createWaitingScripts();
    onTestFinished(() => own.stop());
    const program = own.compile('javascript', body('return 1'));
    expect(call(program, 1)).toBe(1);
    await own.stop();
    expect(() => call(program, 1)).toThrow('not there any more');
    expect(call(own.compile('javascript', body('return 2')), 1)).toBe(2);
  });
});

test('the same calls give the same results, whoever waits for them', async () => {
  const [thread, waiting] = [createScriptThread(), createWaitingScripts()];
  await thread.prepare();
  onTestFinished(async () => {
    await Promise.all([thread.stop(), waiting.stop()]);
  });
  const source = body('const n = (state ?? 0) + input; return { level: n > 10 ? "major" : null, text: JSON.stringify([n, Math.sin(n)]), state: n % 17 }');
  const [one, other] = [thread.compile('javascript', source), waiting.compile('javascript', source)];
  let [stateOfOne, stateOfOther]: [JsonValue, JsonValue] = [null, null];
  for (let round = 0; round < 100; round += 1) {
    const a = (await call(one, round, stateOfOne)) as { state: JsonValue };
    const b = call(other, round, stateOfOther) as { state: JsonValue };
    expect(a).toEqual(b);
    [stateOfOne, stateOfOther] = [a.state, b.state];
  }
});

test('nothing of an interpreter is loaded before a script is to be read, and a mistake that was not looked for is found when it is called', async () => {
  const thread = createScriptThread();
  onTestFinished(() => thread.stop());
  const wrong = thread.compile('javascript', 'function evaluate() { retrun 1 }');
  await expect(Promise.resolve(call(wrong, 1))).rejects.toThrow('SyntaxError');
  expect(() => thread.compile('cobol', 'x')).toThrow('There is no script language cobol');
  await Promise.all([thread.prepare(), thread.prepare()]);
  expect(() => thread.compile('javascript', 'function evaluate() { retrun 1 }')).toThrow('SyntaxError');
});
