import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readText } from '../../../src/lib/cli/prompt.ts';

const never = new AbortController().signal;

describe('reading all of a stream', () => {
  test('gives its text, characters whole although the chunks cut them', async () => {
    const stream = new PassThrough();
    const text = readText(stream, { bytesMax: 100, signal: never, name: 'stdin' });
    const bytes = Buffer.from('ü😀\n');
    for (const byte of bytes) stream.write(Buffer.of(byte));
    stream.end();
    expect(await text).toBe('ü😀\n');
  });

  test('ends with Ctrl-C although nothing comes and nobody closes it', async () => {
    for (const when of ['before', 'while'] as const) {
      const interrupt = new AbortController();
      if (when === 'before') interrupt.abort();
      const text = readText(new PassThrough(), { bytesMax: 100, signal: interrupt.signal, name: 'stdin' });
      interrupt.abort();
      await expect(text).rejects.toMatchObject({ code: 'interrupted' });
    }
  });

  test('takes no more than it may', async () => {
    const stream = new PassThrough();
    stream.write(Buffer.alloc(101));
    await expect(readText(stream, { bytesMax: 100, signal: never, name: 'stdin' })).rejects.toMatchObject({
      code: 'payload_too_large',
      message: expect.stringContaining('stdin'),
    });
  });
});
