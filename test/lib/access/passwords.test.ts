import { describe, expect, it } from 'vitest';
import { createPasswords, generatePassword, PasswordsBusy } from '../../../src/lib/access/passwords.ts';

describe('passwords', () => {
  it('fit their own hash alone, in any normal form of their letters', async () => {
    const passwords = createPasswords();
    const encoded = await passwords.hash('caf\u00e9 au lait');
    expect(encoded).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/);
    expect(encoded).not.toBe(await passwords.hash('caf\u00e9 au lait'));
    await expect(passwords.verify('cafe\u0301 au lait', encoded)).resolves.toBe(true);
    await expect(passwords.verify('cafe au lait', encoded)).resolves.toBe(false);
    await expect(passwords.verify('', encoded)).resolves.toBe(false);
  });

  it('fit hashes with other costs, as RFC 7914 gives them', async () => {
    // RFC 7914 section 12: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1), its first 32 bytes.
    const hash = Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2', 'hex').toString('base64').replaceAll('=', '');
    const salt = Buffer.from('SodiumChloride').toString('base64').replaceAll('=', '');
    await expect(createPasswords().verify('pleaseletmein', `$scrypt$ln=14,r=8,p=1$${salt}$${hash}`)).resolves.toBe(true);
  });

  it('fit no hash that is damaged or would cost too much', async () => {
    const passwords = createPasswords();
    const rest = 'c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    for (const encoded of [
      '',
      'plain',
      `$scrypt$ln=0,r=8,p=1$${rest}`,
      `$scrypt$ln=15,r=8,p=0$${rest}`,
      `$scrypt$ln=30,r=8,p=1$${rest}`,
      `$scrypt$ln=15,r=8,p=99$${rest}`,
    ]) {
      await expect(passwords.verify('plain', encoded)).resolves.toBe(false);
    }
  });

  it('that were right are right again at once, until their hash changes', async () => {
    const passwords = createPasswords();
    const encoded = await passwords.hash('correct horse');
    await expect(passwords.verifyAgain('correct horse', encoded)).resolves.toBe(true);
    const began = performance.now();
    for (let i = 0; i < 1000; i++) await passwords.verifyAgain('correct horse', encoded);
    // A thousand hashes would take more than twenty seconds.
    expect(performance.now() - began).toBeLessThan(5000);
    await expect(passwords.verifyAgain('wrong horse', encoded)).resolves.toBe(false);
    await expect(passwords.verifyAgain('correct horse', await passwords.hash('new horse'))).resolves.toBe(false);
  });

  it('wait for each other in a bounded queue', async () => {
    const passwords = createPasswords({ atOnceMax: 1, waitingMax: 2 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.pretend('x')));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    for (const result of results.slice(3)) expect(result).toMatchObject({ reason: expect.any(PasswordsBusy) });
    await expect(passwords.pretend('x')).resolves.toBe(false);
  });

  it('that the hub makes are readable and never the same', () => {
    const made = Array.from({ length: 200 }, generatePassword);
    expect(new Set(made).size).toBe(200);
    // 32 characters to choose from, 20 times: 100 bits.
    for (const password of made) expect(password).toMatch(/^[a-km-np-z2-9]{5}(-[a-km-np-z2-9]{5}){3}$/);
  });
});
