import { expect, test } from 'vitest';
import { normalizeHubUrl, queryText } from '../../../src/lib/client/hub-url.ts';

test('completes and cleans the URL of a hub', () => {
  expect(normalizeHubUrl('127.0.0.1:8080')).toBe('http://127.0.0.1:8080');
  expect(normalizeHubUrl('localhost:8080')).toBe('http://localhost:8080');
  expect(normalizeHubUrl('HTTPS://Hub.Example.org/muster//')).toBe('https://hub.example.org/muster');
  expect(normalizeHubUrl('http://[::1]:8080/api/v1')).toBe('http://[::1]:8080');
});

test('refuses what is no URL of a hub', () => {
  for (const text of ['', 'mqtt://127.0.0.1', 'http://', 'http://user:secret@hub', 'ftp://x', 'http://a b']) {
    expect(() => normalizeHubUrl(text), text).toThrow(expect.objectContaining({ code: 'usage' }));
  }
});

test('an error about a password in the URL does not repeat it', () => {
  expect(() => normalizeHubUrl('http://user:secret@hub')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }));
});

test('writes a query', () => {
  expect(queryText(undefined)).toBe('');
  expect(queryText({ a: undefined, b: null })).toBe('');
  expect(queryText({ a: 1, b: ['x', 'y z'], c: false })).toBe('?a=1&b=x&b=y+z&c=false');
});
