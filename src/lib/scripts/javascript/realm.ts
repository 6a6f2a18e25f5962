/**
 * What runs first in the interpreter, before any script. It takes away what would give another result the next time (clock, chance, garbage collection), what makes code
 * from text, and then freezes everything that scripts share: what one writes, no other can read, and no call finds what an earlier one left behind, except its state.
 * Gives a function that makes a program of a factory of `evaluate`.
 */
export const REALM = `(() => {
  'use strict';
  const { parse, stringify } = JSON;
  const IsPromise = Promise;
  const { freeze, getPrototypeOf, getOwnPropertyDescriptor, defineProperty } = Object;
  const { ownKeys } = Reflect;
  delete Math.random;
  for (const name of ['Date', 'eval', 'Function', 'Promise', 'WeakRef', 'FinalizationRegistry', 'Proxy', 'SharedArrayBuffer', 'Atomics', 'performance', 'navigator', 'gc']) delete globalThis[name];
  for (const made of [function () {}, function* () {}, async function () {}, async function* () {}]) {
    defineProperty(getPrototypeOf(made), 'constructor', { value: undefined });
  }
  // What only iterators have for a prototype, as far as this interpreter knows it.
  const attempt = (make) => {
    try {
      return make();
    } catch {
      return null;
    }
  };
  const iterators = ['map', 'filter', 'take', 'drop', 'flatMap'].map((name) => attempt(() => [].values()[name](() => [])));
  iterators.push(attempt(() => Iterator.from({ next() {} })), attempt(() => Iterator.concat([])));
  const frozen = new Set();
  const reach = (value) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || frozen.has(value)) return;
    frozen.add(value);
    freeze(value);
    reach(getPrototypeOf(value));
    for (const key of ownKeys(value)) {
      const property = getOwnPropertyDescriptor(value, key);
      reach(property.value);
      reach(property.get);
      reach(property.set);
    }
  };
  for (const value of [globalThis, IsPromise, ...iterators, [][Symbol.iterator](), new Map().keys(), new Set().keys(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), function* () {}, async function* () {}, async function () {}, /x/, new Error('')]) reach(value);
  return (factory, lengthMax) => (text) => {
    const { input, state } = parse(text);
    const evaluate = factory();
    if (typeof evaluate !== 'function') throw new TypeError('there is no function evaluate(input, state)');
    const result = evaluate(input, state);
    if (result instanceof IsPromise) throw new TypeError('evaluate returned a promise: nothing is awaited here');
    const json = stringify(result);
    if (json === undefined) return 'null';
    if (json.length > lengthMax) throw new RangeError('evaluate returned more than ' + lengthMax + ' characters');
    return json;
  };
})()`;
