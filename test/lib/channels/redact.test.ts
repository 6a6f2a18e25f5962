import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeliveryConfig } from '../../../src/lib/channels/channel.ts';
import { createRedactor } from '../../../src/lib/channels/redact.ts';

const DELIVERY: DeliveryConfig = { ratePerMinute: 1, burst: 1 };
const of = (secrets: Readonly<Record<string, unknown>>) => createRedactor({ ...DELIVERY, ...secrets }, Object.keys(secrets));

it('a server that repeats the path of a secret URL does not publish it', () => {
  const redact = of({ secretUrl: 'https://chat.example.com/services/T0000/B0000/XXXXXXXXXXXX?key=a%20b%26c%2Fd&n=1' });
  for (const text of [
    'Cannot POST /services/T0000/B0000/XXXXXXXXXXXX?key=a%20b%26c%2Fd&n=1',
    'Cannot POST /services/T0000/B0000/XXXXXXXXXXXX?key=a%20b%26c%2Fd&amp;n=1',
    'no such hook: /proxied/T0000/B0000/XXXXXXXXXXXX',
  ])
    expect(redact(text)).not.toContain('XXXXXXXXXXXX');
  expect(redact('chat.example.com: getaddrinfo ENOTFOUND')).toBe('chat.example.com: getaddrinfo ENOTFOUND');
});

it('nor one that repeats a header, with its scheme or without, plain or in base64', () => {
  const redact = of({ secretHeaders: { Authorization: 'Bearer s3cr3t-t0k3n' }, password: 'hunter2hunter2' });
  expect(redact('bad header: Bearer s3cr3t-t0k3n')).toBe('bad header: [secret]');
  expect(redact('token s3cr3t-t0k3n is unknown')).toBe('token [secret] is unknown');
  expect(redact(`535 ${Buffer.from('hunter2hunter2').toString('base64')}`)).toBe('535 [secret]');
});

it('whatever the secret is, what is said around it stays and it goes', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, maxLength: 60 }).filter((text) => !/[<>]/.test(text)),
      (secret) => {
        const said = of({ secret })(`<<${secret}>>`);
        expect(said).not.toContain(secret);
        expect(said.startsWith('<<') && said.endsWith('>>')).toBe(true);
      },
    ),
  );
});
