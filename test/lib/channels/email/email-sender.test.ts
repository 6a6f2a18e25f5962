import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ChannelSender, Notification } from '../../../../src/lib/channels/channel.ts';
import { EmailSchema } from '../../../../src/lib/channels/email/config.ts';
import { createEmailSender } from '../../../../src/lib/channels/email/email-sender.ts';
import { createTargetGuard } from '../../../../src/lib/channels/target-guard.ts';
import { testNotification } from '../../../../src/lib/notifications/compose-notification.ts';
import { requirePeer } from '../../../helpers/peers.ts';
import { selfSigned } from '../../../helpers/self-signed.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const never = new AbortController().signal;
const BASE = { host: '127.0.0.1', security: 'none', from: 'muster@example.com', to: ['ops@example.com'] };
const aTest = (more: Partial<Notification> = {}): Notification => ({ ...testNotification(uuidv7(), 'default', 'ops', Date.now()), ...more });

function sender(config: object): ChannelSender {
  const made = createEmailSender(EmailSchema.parse({ ...BASE, ...config }), { targets: createTargetGuard(['loopback']), clock: Date.now });
  onTestFinished(() => made.stop());
  return made;
}

/** A mail server with what a test wants of it. Keeps the messages. */
async function mailServer(options: SMTPServerOptions = {}): Promise<{ readonly port: number; readonly messages: string[]; readonly recipients: string[][] }> {
  const messages: string[] = [];
  const recipients: string[][] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      stream.on('end', () => {
        messages.push(text);
        recipients.push(session.envelope.rcptTo.map(({ address }) => address));
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, messages, recipients };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

function smtpError(code: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode: code });
}

describe('a mail server from Debian (aiosmtpd)', () => {
  it('takes a message as plain text with a Message-ID that is that of the delivery', async (context) => {
    requirePeer('aiosmtpd', context);
    const maildir = join(temporaryFolder(), 'mail');
    const port = await freePort();
    const child = spawn('aiosmtpd', ['-n', '-l', `127.0.0.1:${port}`, '-c', 'aiosmtpd.handlers.Mailbox', maildir], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await waitUntil(
      () =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, '127.0.0.1');
          socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
          socket.unref();
          setTimeout(() => socket.destroy(), 200);
        }),
      'the mail server listens',
      10_000,
    );
    const notification = aTest({
      title: 'Kessel: 92,4 °C\r\nBcc: everybody@example.com',
      text: 'Zeile eins\n.\nZeile drei äöü\n',
      test: false,
      severity: 'critical',
    });
    expect(await sender({ port }).send(notification, never)).toMatch(/^250/);
    const folder = join(maildir, 'new');
    const [file = ''] = readdirSync(folder);
    const mail = readFileSync(join(folder, file), 'utf8');
    expect(mail).toContain(`Message-ID: <${notification.delivery}@example.com>`);
    expect(mail).toContain('Auto-Submitted: auto-generated');
    expect(mail).toMatch(/^From: Muster <muster@example.com>$/m);
    expect(mail).toMatch(/^To: ops@example.com$/m);
    expect(mail).not.toMatch(/^Bcc:/m);
    expect(mail).toMatch(/^Content-Type: text\/plain/m);
  });
});

describe('what a mail server answers', () => {
  it('makes the subject of severity and title, on one line', async () => {
    const server = await mailServer();
    await sender({ port: server.port }).send(aTest({ title: 'hot\nBcc: x@example.com', severity: 'major', test: false }), never);
    const headers = (server.messages[0] ?? '').split('\r\n\r\n')[0] ?? '';
    expect(headers).toMatch(/^Subject: \[major\] hot Bcc: x@example\.com$/m);
    expect(headers).not.toMatch(/^Bcc:/m);
    expect(server.recipients).toEqual([['ops@example.com']]);
  });

  it.each([
    [450, true],
    [451, true],
    [550, false],
    [554, false],
  ])('%i to the receiver: another attempt: %s', async (code, retryable) => {
    const server = await mailServer({ onRcptTo: (_address, _session, done) => done(smtpError(code, 'greylisted or not')) });
    await expect(sender({ port: server.port }).send(aTest(), never)).rejects.toMatchObject({
      name: 'ChannelError',
      retryable,
      message: expect.stringContaining(`${code} greylisted or not`),
    });
  });

  it('to some of the receivers is kept in mind: another attempt goes to the others', async () => {
    let late = true;
    const server = await mailServer({
      onRcptTo: ({ address }, _session, done) => (late && address === 'late@example.com' ? done(smtpError(451, 'come again')) : done()),
    });
    const made = sender({ port: server.port, to: ['ops@example.com', 'late@example.com'] });
    const notification = aTest();
    await expect(made.send(notification, never)).rejects.toMatchObject({ retryable: true, message: expect.stringContaining('late@example.com') });
    late = false;
    expect(await made.send(notification, never)).toMatch(/^250/);
    expect(server.recipients).toEqual([['ops@example.com'], ['late@example.com']]);
  });

  it('for good to one receiver does not keep the others from it', async () => {
    const server = await mailServer({
      onRcptTo: ({ address }, _session, done) => (address === 'gone@example.com' ? done(smtpError(550, 'no such user')) : done()),
    });
    const said = await sender({ port: server.port, to: ['ops@example.com', 'gone@example.com'] }).send(aTest(), never);
    expect(said).toMatch(/^250 .*; not for gone@example\.com \(550 no such user\)$/);
  });

  it('that it does not come in time is tried again', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const started = Date.now();
    await expect(sender({ port: (silent.address() as AddressInfo).port, timeoutMs: 300 }).send(aTest(), never)).rejects.toMatchObject({ retryable: true });
    expect(Date.now() - started).toBeLessThan(5_000);
    await expect(sender({ port: await freePort() }).send(aTest(), never)).rejects.toMatchObject({ retryable: true });
  });
});

describe('over TLS', () => {
  const login: SMTPServerOptions = {
    authOptional: false,
    disabledCommands: [],
    onAuth: ({ username, password }, _session, done) =>
      username === 'muster' && password === 'right' ? done(null, { user: username }) : done(smtpError(535, 'wrong password')),
  };

  it('it logs in after STARTTLS, and a wrong password is not tried again', async () => {
    const { cert, key } = selfSigned();
    const server = await mailServer({ ...login, cert, key });
    const config = { port: server.port, host: 'localhost', security: 'starttls', user: 'muster', ca: cert };
    expect(await sender({ ...config, password: 'right' }).send(aTest(), never)).toMatch(/^250/);
    const refused = sender({ ...config, password: 'a-wrong-one' }).send(aTest(), never);
    await expect(refused).rejects.toMatchObject({ retryable: false, message: expect.stringContaining('did not let the user in') });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('a-wrong-one') });
    expect(server.messages).toHaveLength(1);
  });

  it('from the start', async () => {
    const { cert, key } = selfSigned();
    const server = await mailServer({ ...login, secure: true, cert, key });
    const config = { port: server.port, host: 'localhost', security: 'tls', user: 'muster', password: 'right' };
    expect(await sender({ ...config, ca: cert }).send(aTest(), never)).toMatch(/^250/);
    await expect(sender(config).send(aTest(), never)).rejects.toMatchObject({ retryable: true, message: expect.stringContaining('certificate') });
  });

  it('nothing is sent to a server that does not offer it', async () => {
    const server = await mailServer();
    await expect(sender({ port: server.port, security: 'starttls' }).send(aTest(), never)).rejects.toMatchObject({ name: 'ChannelError' });
    expect(server.messages).toHaveLength(0);
  });
});

it('what could end a header or begin another receiver is not taken as an address', () => {
  for (const address of ['ops@example.com\r\nBcc: x@y.z', 'a@b.c, d@e.f', 'Ops <ops@example.com>', '"a b"@c.d', 'ops', 'ops@', 'a@b..c', 'ops@exa mple.com'])
    expect([address, EmailSchema.safeParse({ ...BASE, to: [address] }).success]).toEqual([address, false]);
  expect(EmailSchema.safeParse({ ...BASE, fromName: 'Muster\r\nBcc: x@y.z' }).success).toBe(false);
  expect(EmailSchema.safeParse({ ...BASE, user: 'muster', password: 'x' }).success).toBe(false);
  expect(EmailSchema.safeParse({ ...BASE, security: 'tls', user: 'muster' }).success).toBe(false);
});
