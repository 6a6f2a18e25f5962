import { beforeAll, describe, expect, test } from 'vitest';
import { loadQuickJs } from '../../../../src/lib/scripts/javascript/quickjs-engine.ts';
import { isMistake, SCRIPT_LIMITS, type ScriptEngine, type ScriptEngineMaker } from '../../../../src/lib/scripts/script-language.ts';

let maker: ScriptEngineMaker;
beforeAll(async () => {
  maker = await loadQuickJs();
});

function called(engine: ScriptEngine, source: string, input: unknown = null, state: unknown = null): unknown {
  const unit = engine.compile(source);
  if (isMistake(unit)) return `compile: ${unit.message}`;
  const answer = unit.call(JSON.stringify({ input, state }));
  return answer.ok ? JSON.parse(answer.text) : `${answer.mistake.line ?? '-'}: ${answer.mistake.message}`;
}

const body = (text: string): string => `function evaluate(input, state) { ${text} }`;

describe('a script', () => {
  test('gets its input and state, and gives what JSON can write', async () => {
    const engine = await maker.make(SCRIPT_LIMITS);
    expect(called(engine, body('return { level: input.t > 80 ? "major" : null, state: (state ?? 0) + 1 }'), { t: 81 }, 4)).toEqual({
      level: 'major',
      state: 5,
    });
    expect(called(engine, 'const evaluate = (input) => helper(input)\nfunction helper(x) { return x * LIMIT }\nconst LIMIT = 3 // here', 4)).toBe(12);
    for (const nothing of ['', 'return undefined', 'return () => 1', 'return NaN', 'return null']) expect(called(engine, body(nothing))).toBe(null);
  });

  test('mistakes and what it throws have their line', async () => {
    const engine = await maker.make(SCRIPT_LIMITS);
    expect(engine.check('function evaluate() {\n  return 1 +\n}')).toEqual({ message: expect.stringContaining('SyntaxError'), line: 3 });
    expect(engine.check('1 + 1')).toEqual({ message: 'there is no function evaluate(input, state)', line: null });
    expect(engine.check('}; function evaluate() {')?.message).toContain('SyntaxError');
    expect(engine.check('export default function evaluate() {}')?.message).toContain('SyntaxError');
    expect(engine.check('return evaluate')?.message).toContain('SyntaxError');
    expect(called(engine, body('\n\nreturn input.a.b'))).toBe("3: TypeError: cannot read property 'a' of null");
    expect(called(engine, body('throw "no"'))).toBe('-: no');
    expect(called(engine, body('throw { get message() { for (;;); } }'))).toContain('[object Object]');
    expect(called(engine, 'let evaluate = 3')).toContain('there is no function evaluate');
    expect(called(engine, body('x = 1'))).toContain('ReferenceError');
    expect(engine.broken).toBe(false);
  });

  test('has no clock, no chance, no text that becomes code, no host', async () => {
    const engine = await maker.make(SCRIPT_LIMITS);
    const names = [
      'Date',
      'eval',
      'Function',
      'Promise',
      'WeakRef',
      'FinalizationRegistry',
      'Proxy',
      'process',
      'require',
      'module',
      'console',
      'fetch',
      'setTimeout',
      'std',
      'os',
      'performance',
      'print',
      'globalThis.gc',
    ];
    for (const name of names) expect(called(engine, body(`return typeof ${name}`)), name).toBe('undefined');
    expect(called(engine, body('return typeof Math.random'))).toBe('undefined');
    for (const made of ['function () {}', 'function* () {}', 'async function () {}', 'async function* () {}', '() => 1', 'class {}']) {
      expect(called(engine, body(`return typeof (${made}).constructor`)), made).toBe('undefined');
    }
    expect(called(engine, body('return [].map.constructor === undefined && evaluate.constructor === undefined'))).toBe(true);
    expect(called(engine, body('return import("fs")'))).toContain('promise');
  });

  test('leaves nothing behind for the next call, or for another script', async () => {
    const engine = await maker.make(SCRIPT_LIMITS);
    const counting = engine.compile('let n = 0; const seen = []; function evaluate() { n += 1; seen.push(n); return seen.length }');
    if (isMistake(counting)) throw new Error(counting.message);
    expect([1, 2, 3].map(() => counting.call('{}'))).toEqual([1, 2, 3].map(() => ({ ok: true, text: '1' })));
    const attempts = [
      'globalThis.x = 1',
      'Array.prototype.x = 1',
      'Math.x = 1',
      'JSON.stringify = null',
      '[].__proto__.x = 1',
      'evaluate.__proto__.x = 1',
      'Object.prototype.x = 1',
      '(function* () {}).prototype.__proto__.x = 1',
      '[][Symbol.iterator]().__proto__.x = 1',
      '"".matchAll(/x/g).__proto__.x = 1',
      'Symbol.x = 1',
      '/x/.__proto__.x = 1',
      'new Error("").__proto__.x = 1',
      'new Map().keys().__proto__.x = 1',
      'Error.prepareStackTrace = 1',
      'Error.stackTraceLimit = 1',
    ];
    for (const attempt of attempts) expect(called(engine, body(`${attempt}; return 1`)), attempt).toMatch(/TypeError|ReferenceError/);
    expect(called(engine, body('return ({}).x ?? [].x ?? globalThis.x ?? null'))).toBe(null);
  });

  test('everything that two calls could share is frozen', async () => {
    const engine = await maker.make(SCRIPT_LIMITS);
    const found = called(
      engine,
      `function evaluate() {
        const attempt = (make) => { try { return make(); } catch (error) { return error; } };
        const iterators = [[].values(), new Map().entries(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), Object.getPrototypeOf((function* () {})())];
        const values = [
          globalThis, 1, '', true, 1n, Symbol.iterator, [], {}, /x/, (async () => {})(), Object.getPrototypeOf((async function* () {})()), function () {}, function* () {}, async function () {}, async function* () {}, class {}, () => 1,
          new Uint8Array(1), new DataView(new ArrayBuffer(1)), new WeakMap(), new WeakSet(), ((...rest) => rest.length), ((tag) => tag)\`x\`, (function () { return arguments; })(),
          Object.getOwnPropertyDescriptor((function () { return arguments; })(), 'callee').get, attempt(() => null.x), attempt(() => x), attempt(() => 'x'.repeat(-1)), attempt(() => decodeURI('%')), attempt(() => new AggregateError([])),
          ...iterators, ...iterators.flatMap((one) => ['map', 'filter', 'take', 'drop', 'flatMap'].map((name) => attempt(() => one[name](() => [])))),
          attempt(() => Iterator.from({ next() {} })), attempt(() => Iterator.concat([])), attempt(() => [].values().toAsync()), attempt(() => new DisposableStack()),
        ];
        const seen = new Set(values);
        const open = [];
        const look = (value, path) => {
          if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
          seen.add(value);
          if (!Object.isFrozen(value)) open.push(path);
          for (const key of Reflect.ownKeys(value)) {
            const { value: inner, get, set } = Object.getOwnPropertyDescriptor(value, key);
            for (const one of [inner, get, set]) look(one, path + '.' + String(key));
          }
          look(Object.getPrototypeOf(value), path + '.__proto__');
        };
        values.forEach((value, index) => look(Object.getPrototypeOf(value), index + ''));
        for (const key of Reflect.ownKeys(globalThis)) look(globalThis[key], String(key));
        return [seen.size > 500, open];
      }`,
    );
    expect(found).toEqual([true, []]);
  });

  test('its input may have any name', async () => {
    const engine = await maker.make(SCRIPT_LIMITS);
    const unit = engine.compile(body('return [Object.keys(input), input.admin ?? null]'));
    if (isMistake(unit)) throw new Error(unit.message);
    expect(unit.call('{"input":{"__proto__":{"admin":true},"constructor":1},"state":null}')).toEqual({ ok: true, text: '[["__proto__","constructor"],null]' });
  });
});

describe('a bomb ends', () => {
  test.each<[string, string, RegExp]>([
    ['a loop', 'for (;;);', /too long/],
    ['a loop that catches', 'for (;;) { try { for (;;); } catch {} }', /too long/],
    ['a loop in finally', 'try { for (;;); } finally { for (;;); }', /too long/],
    ['a regular expression', '/(a+)+$/.test("a".repeat(40) + "b")', /too long/],
    ['a replacer', '"abc".replace(/./g, () => { for (;;); })', /too long/],
    ['a getter', 'return { get level() { for (;;); } }', /too long/],
    ['toJSON', 'return { toJSON() { for (;;); } }', /too long/],
    ['recursion', 'return evaluate()', /too deeply/],
    ['recursion in JSON', 'let a = []; for (let i = 0; i < 1e5; i += 1) a = [a]; return a', /too deeply|too long/],
    ['typed arrays', 'const a = []; for (;;) a.push(new Uint8Array(1e5))', /too much memory/],
    ['arrays', 'const a = []; for (;;) a.push([1, 2, 3, 4, 5, 6, 7, 8])', /too much memory|too long/],
    ['an array', 'return Array(1e8).fill(1)', /too much memory/],
    ['names', 'const o = {}; for (let i = 0; ; i += 1) o["k" + i] = "x".repeat(100)', /too much memory|too long/],
    ['a long text', 'return "x".repeat(1e9)', /too much memory|too long/],
    ['a text that doubles', 'let s = "x"; for (;;) s += s', /too much memory|too long/],
    ['a large result', 'return "x".repeat(1e5)', /more than 65536/],
    ['a large number', 'return String(2n ** (2n ** 30n))', /too much memory|RangeError|too long/],
    ['a promise', 'return (async () => { for (;;) await null; })()', /promise/],
    ['a forgotten promise', '(async () => { for (;;) await null; })()', /asynchronous/],
    ['a cycle', 'const a = []; a[0] = a; return a', /TypeError/],
    ['flat', 'const a = []; a[0] = a; return a.flat(Infinity)', /too deeply|too much memory|too long/],
  ])('%s', async (_, text, expected) => {
    const engine = await maker.make(SCRIPT_LIMITS);
    const before = performance.now();
    expect(called(engine, body(text))).toMatch(expected);
    // Far above what it takes, far below what it would take without limits.
    expect(performance.now() - before).toBeLessThan(5000);
    const next = engine.broken ? await maker.make(SCRIPT_LIMITS) : engine;
    expect(called(next, body('return input + 1'), 1)).toBe(2);
  });

  test('none takes more memory than its engine may have', async () => {
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 5; round += 1) {
      const engine = await maker.make(SCRIPT_LIMITS);
      expect(called(engine, body('const a = []; for (;;) a.push(new Uint8Array(1e5))'))).toMatch(/too much memory/);
      expect(engine.broken).toBe(true);
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(600 * 1024 * 1024);
  });

  test('a thousand scripts that are made and released take no memory for ever', async () => {
    const engine = await maker.make(SCRIPT_LIMITS);
    for (let round = 0; round < 5000; round += 1) {
      const unit = engine.compile(body(`return ${round} + "${'x'.repeat(2000)}".length`));
      if (isMistake(unit)) throw new Error(`${round}: ${unit.message}`);
      expect(unit.call('{}').ok).toBe(true);
      unit.release();
    }
    expect(engine.broken).toBe(false);
  });
});
