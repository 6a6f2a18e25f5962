import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSettings, loadSettings } from '../../../src/lib/config/load-settings.ts';
import { defaultSettings, environmentName, SETTINGS, type SettingName } from '../../../src/lib/config/settings.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-settings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function yamlFile(text: string): Promise<string> {
  const file = join(folder, 'hub.yaml');
  await writeFile(file, text);
  return file;
}

async function problemsOf(sources: Parameters<typeof checkSettings>[0]): Promise<string[]> {
  return (await checkSettings(sources)).problems.map((problem) => `${problem.setting} ${problem.problem}`);
}

describe('where a value comes from', () => {
  test('without any source, everything is the default', async () => {
    const { settings, origins } = await loadSettings({});
    expect(settings).toEqual(defaultSettings());
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });

  test('a flag wins over the environment, that over the file, that over the default', async () => {
    const file = await yamlFile('http:\n  port: 1\nmqtt.port: 2\nlog:\n  level: warn\n');
    const { settings, origins } = await loadSettings({
      flags: { http: '3' },
      env: { MUSTER_HTTP_PORT: '4', MUSTER_MQTT_PORT: '5' },
      file,
    });
    expect([settings['http.port'], settings['mqtt.port'], settings['log.level'], settings['log.format']]).toEqual([3, 5, 'warn', 'text']);
    expect(origins).toMatchObject({
      'http.port': 'flag --http',
      'mqtt.port': 'MUSTER_MQTT_PORT',
      'log.level': `${file}:5`,
      'log.format': 'default',
    });
  });

  test('--set reaches settings without a flag of their own', async () => {
    const { settings, origins } = await loadSettings({ flags: { set: ['mqtt.receive-maximum=7', 'mqtt.refuse-subscriptions=a/#, b/+'] } });
    expect(settings['mqtt.receive-maximum']).toBe(7);
    expect(settings['mqtt.refuse-subscriptions']).toEqual(['a/#', 'b/+']);
    expect(origins['mqtt.receive-maximum']).toBe('flag --set');
  });

  test('an empty variable counts as not set, and those of other programs are left alone', async () => {
    const env = { MUSTER_HOST: '', MUSTER_SERVICE_HOST: '10.0.0.1', MUSTER_PORT: 'tcp://10.0.0.1:80', MUSTER_TOKEN: 'x', MUSTER_URL: 'y' };
    expect((await loadSettings({ env })).settings).toEqual(defaultSettings());
  });

  test.each(['', '# nothing\n', 'mqtt:\n', '---\n'])('a file without settings is fine: %j', async (text) => {
    expect((await loadSettings({ file: await yamlFile(text) })).settings).toEqual(defaultSettings());
  });

  test('a one-off --ephemeral wins over a data directory of the environment', async () => {
    const { settings } = await loadSettings({ flags: { ephemeral: true }, env: { MUSTER_DATA: '/srv/muster' } });
    expect([settings.ephemeral, settings.data]).toEqual([true, null]);
  });
});

describe('text becomes the type of the setting', () => {
  test.each([
    ['MUSTER_MQTT_PORT', 'off', 'mqtt.port', null],
    ['MUSTER_MQTT_PORT', 'null', 'mqtt.port', null],
    ['MUSTER_MQTT_PORT', ' 0 ', 'mqtt.port', 0],
    ['MUSTER_EPHEMERAL', 'yes', 'ephemeral', true],
    ['MUSTER_EPHEMERAL', '0', 'ephemeral', false],
    ['MUSTER_PID_FILE', 'null', 'pid-file', null],
    ['MUSTER_LOG_LEVEL', 'debug', 'log.level', 'debug'],
    ['MUSTER_MQTT_REFUSE_SUBSCRIPTIONS', 'null', 'mqtt.refuse-subscriptions', ['null']],
  ] as const)('%s=%s', async (variable, text, name, value) => {
    expect((await loadSettings({ env: { [variable]: text } })).settings[name]).toEqual(value);
  });

  test('every setting has its own variable', () => {
    const names = (Object.keys(SETTINGS) as SettingName[]).map(environmentName);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('problems', () => {
  test('all of them are told at once, each with its source', async () => {
    const file = await yamlFile('mqtt:\n  prot: 1\nhttp.port: 99999\nlog: loud\n');
    const failure = await loadSettings({ flags: { set: ['nonsense'] }, env: { MUSTER_EPHEMERAL: 'maybe', MUSTER_HTTP_PRT: '1' }, file }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(MusterError);
    const { code, details } = failure as MusterError;
    expect(code).toBe('invalid_settings');
    expect(details?.problems).toEqual(
      expect.arrayContaining([
        { setting: 'mqtt.prot', source: `${file}:2`, problem: 'is not a setting; did you mean mqtt.port?' },
        { setting: 'http.port', source: `${file}:3`, problem: 'must be a whole number from 0 to 65535, not 99999' },
        { setting: 'log', source: `${file}:4`, problem: 'is a group: write its settings below it' },
        { setting: null, source: 'MUSTER_HTTP_PRT', problem: 'is not a setting; did you mean MUSTER_HTTP_PORT?' },
        { setting: 'ephemeral', source: 'MUSTER_EPHEMERAL', problem: 'must be true or false, not "maybe"' },
        { setting: null, source: 'flag --set', problem: 'must be name=value, not "nonsense"' },
      ]),
    );
    expect(details?.problems).toHaveLength(6);
  });

  test('a wrong value is told even where another source overrides it', async () => {
    expect(await problemsOf({ flags: { http: '1' }, env: { MUSTER_HTTP_PORT: 'x' } })).toEqual(['http.port must be a whole number from 0 to 65535, not "x"']);
  });

  test.each([
    ['a name of every object', { flags: { set: ['constructor=1', '__proto__=2'] } }, ['constructor is not a setting', '__proto__ is not a setting']],
    [
      'open MQTT on a public address',
      { flags: { host: '0.0.0.0', 'mqtt-open': true, 'allow-insecure': true } },
      ['mqtt.open is allowed on a loopback address only, and host is 0.0.0.0'],
    ],
    ['a public address without TLS', { flags: { host: '192.0.2.1' } }, ['host 192.0.2.1 is a public address: set tls.cert and tls.key, or allow-insecure']],
    [
      'a host name, whatever it resolves to',
      { flags: { host: 'hub.example' } },
      ['host hub.example is a public address: set tls.cert and tls.key, or allow-insecure'],
    ],
    ['one port twice', { flags: { http: '1883' } }, ['mqtt.port takes port 1883, and so does http.port']],
    ['MQTT over TLS without a certificate', { flags: { mqtts: '8883' } }, ['mqtts.port needs tls.cert and tls.key']],
    [
      'a certificate without its key',
      { flags: { 'tls-cert': 'none.pem' } },
      ['tls.key is missing: tls.cert needs its private key', expect.stringMatching(/^tls\.cert cannot be read: ENOENT/)],
    ],
    [
      'a key without its certificate',
      { flags: { 'tls-key': 'none.pem' } },
      ['tls.cert is missing: tls.key needs its certificate', expect.stringMatching(/^tls\.key cannot be read: ENOENT/)],
    ],
    ['an ephemeral hub with a data directory', { flags: { ephemeral: true, data: '/srv' } }, ['ephemeral keeps no data, but data is set by flag --data']],
    ['a flag and --set for the same', { flags: { http: '1', set: ['http.port=1'] } }, ['http.port is also set by flag --http']],
    ['two slips of an empty text', { flags: { host: '' } }, ['host must be a text that is not empty, not ""']],
  ])('%s', async (_, sources, expected) => {
    expect(await problemsOf(sources)).toEqual(expected);
  });

  test.each(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost'])('%s is a loopback address', async (host) => {
    expect(await problemsOf({ flags: { host, 'mqtt-open': true } })).toEqual([]);
  });

  test.each(['0.0.0.0', '::', '128.0.0.1', '127.0.0.1.example', '127.1', ''])('%j is none', async (host) => {
    expect(await problemsOf({ flags: { host } })).toHaveLength(1);
  });
});

describe('the file', () => {
  test('one that is missing, a directory, too large or no text is one problem', async () => {
    expect(await problemsOf({ file: join(folder, 'none.yaml') })).toEqual([expect.stringContaining('cannot be read: ENOENT')]);
    expect(await problemsOf({ file: folder })).toEqual([expect.stringContaining('cannot be read: EISDIR')]);
    expect(await problemsOf({ file: await yamlFile('#'.repeat(1_048_577)) })).toEqual([expect.stringContaining('larger than 1048576 bytes')]);
    const binary = join(folder, 'binary.yaml');
    await writeFile(binary, Uint8Array.of(0xff, 0xfe, 0x00));
    expect(await problemsOf({ file: binary })).toEqual([expect.stringContaining('not UTF-8 text')]);
  });

  test.each([
    ['broken YAML', 'mqtt: [1,\n', 'is not valid YAML'],
    ['the same key twice', 'host: a\nhost: b\n', 'is not valid YAML: Map keys must be unique'],
    ['a list instead of settings', '- a\n', 'must hold settings as `name: value`'],
    ['two documents', 'host: localhost\n---\nhost: localhost\n', 'is not valid YAML'],
    ['a dotted and a grouped key for the same', 'mqtt.port: 1\nmqtt:\n  port: 2\n', 'is set twice, first at'],
    ['a number as text', 'http.port: "80"\n', 'must be a whole number from 0 to 65535, not "80"'],
    ['null where there must be a value', 'host:\n', 'must be a text that is not empty, not null'],
    ['a group that is its own member', 'mqtt: &a\n  mqtt: *a\n', 'is not a setting'],
  ])('%s is told', async (_, text, problem) => {
    expect(await problemsOf({ file: await yamlFile(text) })).toEqual([expect.stringContaining(problem)]);
  });

  test('aliases work, and a bomb of them is refused rather than unfolded', async () => {
    const good = await yamlFile('mqtt:\n  refuse-subscriptions: &f [a, b]\nhost: 127.0.0.1\n');
    expect((await loadSettings({ file: good })).settings['mqtt.refuse-subscriptions']).toEqual(['a', 'b']);
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `&l${level} [${Array(9)
          .fill(level === 0 ? 'x' : `*l${level - 1}`)
          .join(', ')}]`,
    );
    const bomb = await yamlFile(`mqtt:\n  refuse-subscriptions: [${levels.join(', ')}]\n`);
    expect(await problemsOf({ file: bomb })).toEqual([expect.stringMatching(/^mqtt.refuse-subscriptions cannot be read: .*alias/i)]);
  });
});

describe('certificate and key', () => {
  function certificate(name: string): { readonly cert: string; readonly key: string } {
    const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
    return { cert, key };
  }

  test('a pair that fits is taken, and opens a public address', async () => {
    const { cert, key } = certificate('one');
    expect(await problemsOf({ flags: { 'tls-cert': cert, 'tls-key': key, host: '0.0.0.0', mqtt: 'off', mqtts: '0' } })).toEqual([]);
    expect(await problemsOf({ flags: { 'tls-cert': cert, 'tls-key': key, host: '0.0.0.0' } })).toEqual([
      expect.stringContaining('mqtt.port would speak MQTT without TLS on the public address'),
    ]);
  });

  test('a pair that does not fit, is no PEM or is missing is refused', async () => {
    const [one, two] = [certificate('one'), certificate('two')];
    expect(await problemsOf({ flags: { 'tls-cert': one.cert, 'tls-key': two.key } })).toEqual(['tls.key does not belong to the certificate of tls.cert']);
    expect(await problemsOf({ flags: { 'tls-cert': one.key, 'tls-key': one.cert } })).toEqual([
      'tls.cert is not a certificate in PEM form',
      'tls.key is not a private key in PEM form without a passphrase',
    ]);
    expect(await problemsOf({ flags: { 'tls-cert': join(folder, 'no.pem'), 'tls-key': one.key } })).toEqual([
      expect.stringContaining('tls.cert cannot be read: ENOENT'),
    ]);
  });
});
