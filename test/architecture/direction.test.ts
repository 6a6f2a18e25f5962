import { describe, expect, test } from 'vitest';
import { type Import, type SourceFile, sourceFiles } from '../helpers/source-graph.ts';

/**
 * What a folder of src may import, besides itself: folders below src/lib, or a single file. Types count. The table is the architecture (docs/understand/architecture.md):
 * a new line in it is a decision.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  errors: [],
  config: ['domain', 'errors'],
  formats: ['domain', 'errors'],
  storage: ['domain', 'errors', 'access'],
  fleet: ['domain', 'errors', 'expressions', 'storage'],
  // Authorities and certificates: who a key belongs to.
  certificates: ['domain', 'errors', 'config/settings.ts', 'fleet', 'storage'],
  access: ['domain', 'errors', 'certificates', 'config/settings.ts', 'fleet', 'storage'],
  // How devices come into the fleet: chunks of an import, claims, the rules that decide about them.
  provisioning: ['domain', 'errors', 'access', 'certificates', 'config/settings.ts', 'events', 'expressions', 'fleet', 'ingest', 'storage'],
  // Births, connections, clocks and health of devices.
  lifecycle: ['domain', 'errors', 'events', 'fleet', 'ingest', 'storage'],
  // Configuration documents: wanted, delivered, reported.
  configuration: ['domain', 'errors', 'control/control.ts', 'control/config-planner.ts', 'events', 'fleet', 'ingest', 'storage'],
  // What is asked of devices: set points, calls, configuration, jobs.
  control: ['domain', 'errors', 'config/settings.ts', 'events', 'fleet', 'ingest', 'storage'],
  // The library that devices are made with. It knows nothing of the hub but the wire, and how a signing request is written.
  device: ['domain', 'errors', 'certificates/keys.ts', 'certificates/write-request.ts'],
  exports: ['domain', 'errors', 'storage'],
  ingest: ['domain', 'errors', 'access', 'fleet', 'formats', 'storage'],
  expressions: ['domain', 'errors'],
  // Pure: the same code evaluates in a hub, in a back-test, in a gateway and in a command.
  alarms: ['domain', 'errors', 'expressions'],
  scripts: ['domain', 'errors', 'alarms/conditions/condition.ts', 'storage/worker-file.ts'],
  events: ['domain', 'errors', 'storage', 'stream/bounded-queue.ts', 'stream/subscriber-seats.ts'],
  channels: ['domain', 'errors'],
  notifications: ['domain', 'errors', 'alarms', 'channels', 'events', 'expressions', 'fleet', 'storage'],
  supervision: [
    'domain',
    'errors',
    'alarms',
    'config/settings.ts',
    'control/control.ts',
    'events',
    'expressions',
    'fleet',
    'ingest',
    'notifications/notifier.ts',
    'storage',
  ],
  backtest: ['domain', 'errors', 'alarms', 'expressions', 'fleet', 'scripts', 'storage'],
  stream: ['domain', 'errors', 'fleet', 'ingest'],
  // What comes in goes to the spine: a protocol knows no storage engine, no export and no API.
  protocols: [
    'domain',
    'errors',
    'access',
    'certificates',
    'config/settings.ts',
    'control/control.ts',
    'fleet',
    'formats',
    'ingest',
    'storage/broker-state.ts',
  ],
  api: [
    'domain',
    'errors',
    'access',
    'alarms',
    'backtest',
    'certificates',
    'channels',
    'config',
    'configuration',
    'control',
    'events',
    'exports',
    'expressions',
    'fleet',
    'formats',
    'ingest',
    'lifecycle',
    'metrics',
    'notifications',
    'provisioning',
    'storage',
    'stream',
    'supervision',
  ],
  metrics: ['domain', 'errors', 'ingest', 'storage/commit-log.ts', 'storage/sample-store.ts', 'supervision/supervision.ts'],
  server: [
    'domain',
    'errors',
    'access',
    'alarms',
    'api',
    'backtest',
    'certificates',
    'channels',
    'config',
    'configuration',
    'control',
    'events',
    'exports',
    'expressions',
    'fleet',
    'formats',
    'ingest',
    'lifecycle',
    'metrics',
    'notifications',
    'protocols',
    'provisioning',
    'scripts',
    'storage',
    'stream',
    'supervision',
  ],
  // From here on, the side of the command line: it knows of the hub only the shapes on the wire.
  client: ['domain', 'errors', 'api/schema'],
  cli: ['domain', 'errors', 'alarms', 'api/schema', 'channels/registry.ts', 'client', 'config', 'expressions', 'scripts'],
  reading: [
    'domain',
    'errors',
    'alarms',
    'api/schema',
    'cli',
    'client',
    'exports/export-format.ts',
    'exports/read-resume-point.ts',
    'exports/registry.ts',
    'exports/time-style.ts',
  ],
  simulation: ['domain', 'errors', 'alarms', 'api/schema', 'cli', 'client', 'device', 'expressions', 'reading'],
  // Fleets as files: read, compared with the hub, applied.
  manifests: ['domain', 'errors', 'alarms', 'api/schema', 'cli', 'client'],
  // Files of devices: read, mapped, sent in chunks, with a result for each row. It makes the credentials itself, as the hub would.
  enrolment: ['domain', 'errors', 'access/passwords.ts', 'access/secrets.ts', 'api/schema', 'certificates', 'cli', 'client', 'reading'],
  doctor: ['domain', 'errors', 'api/schema', 'client', 'config'],
  commands: [
    'domain',
    'errors',
    'access/roles.ts',
    'alarms',
    'api/schema',
    'certificates',
    'cli',
    'client',
    'config',
    'doctor',
    'enrolment',
    'manifests',
    'reading',
    'simulation',
  ],
  // Writes the reference from what it describes.
  reference: ['alarms', 'channels', 'config', 'domain', 'errors', 'api'],
};

/** The commands that run a hub in their own process. */
const EMBEDS_A_HUB = ['src/commands/serve.ts', 'src/commands/demo.tsx', 'src/commands/demo.ts'];
const FORBIDDEN_NAMES = ['utils', 'util', 'helpers', 'common', 'shared', 'types', 'services', 'managers', 'misc'];

const files = sourceFiles('src');

/** `storage` for src/lib/storage/system/x.ts; `commands` for src/commands/x.ts. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return (parts[1] === 'lib' ? parts[2] : parts.length > 2 ? parts[1] : undefined) ?? 'root';
}

function inside(file: SourceFile): Import[] {
  return file.imports.filter((one) => !one.isPackage);
}

function isAllowed(file: SourceFile, { to, dynamic }: Import): boolean {
  const [from, target] = [folderOf(file.path), folderOf(to)];
  if (from === 'root' || from === target) return true;
  if (target === 'server') return dynamic && EMBEDS_A_HUB.includes(file.path);
  const allowed = ALLOWED[from] ?? [];
  return allowed.some((entry) => to === `src/lib/${entry}` || to.startsWith(`src/lib/${entry}/`));
}

function violations(isFine: (file: SourceFile, one: Import) => boolean): string[] {
  return files.flatMap((file) => inside(file).flatMap((one) => (isFine(file, one) ? [] : [`${file.path} -> ${one.to}`])));
}

describe('the direction of imports', () => {
  test('the graph is read at all', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(inside(files.find((file) => file.path === 'src/lib/config/load-settings.ts') ?? { path: '', text: '', imports: [] }).map((one) => one.to)).toContain(
      'src/lib/errors/muster-error.ts',
    );
  });

  test('every import goes where the table allows', () => {
    expect(violations(isAllowed)).toEqual([]);
  });

  test('every folder stands in the table, and the table names no other', () => {
    const folders = new Set(files.filter((file) => file.path.startsWith('src/lib/')).map((file) => folderOf(file.path)));
    expect([...folders, 'commands'].filter((folder) => !(folder in ALLOWED))).toEqual([]);
    expect(Object.values(ALLOWED).flatMap((targets) => targets.filter((target) => !((target.split('/')[0] ?? '') in ALLOWED)))).toEqual([]);
  });

  test('the command line takes only types from the shapes on the wire', () => {
    const outside = ['client', 'cli', 'reading', 'simulation', 'doctor', 'commands'];
    expect(violations((file, one) => !outside.includes(folderOf(file.path)) || !one.to.startsWith('src/lib/api/') || one.typeOnly)).toEqual([]);
  });

  test('only a registry and the server name an extension; an extension knows no other', () => {
    const extension = (path: string): string | null =>
      /^src\/lib\/((?:formats|exports|protocols|scripts|channels)\/[^/]+)\//.exec(path)?.[1] ?? /^src\/lib\/(storage\/duckdb)\//.exec(path)?.[1] ?? null;
    const fine = (file: SourceFile, one: Import): boolean => {
      const target = extension(one.to);
      if (target === null || extension(file.path) === target) return true;
      return file.path.startsWith('src/lib/server/') || file.path === `src/lib/${target.split('/')[0]}/registry.ts`;
    };
    expect(violations(fine)).toEqual([]);
  });

  test('the spine knows contracts, never an engine', () => {
    const contract = (path: string): boolean =>
      !/^src\/lib\/storage\/(?:duckdb\/|registry)/.test(path) && !/^src\/lib\/storage\/system\/(?!system-store)/.test(path);
    expect(violations((file, one) => folderOf(file.path) !== 'ingest' || contract(one.to))).toEqual([]);
  });
});

test('there are no import cycles', () => {
  const targets = new Map(files.map((file) => [file.path, inside(file).map((one) => one.to)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    const before = trail.indexOf(path);
    if (before !== -1) {
      cycles.push([...trail.slice(before), path].join(' -> '));
      return;
    }
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  expect(cycles).toEqual([]);
});

test('no folder has a name that says nothing', () => {
  expect(files.map((file) => file.path).filter((path) => path.split('/').some((part) => FORBIDDEN_NAMES.includes(part)))).toEqual([]);
});

test('importing a module has no effect: no call stands alone at its top level', () => {
  // The formatter puts nothing else at the beginning of a line. A worker's file is a program, and these two are entry points.
  const programs = (path: string): boolean => path.endsWith('-worker.ts') || path === 'src/main.ts' || path === 'src/generate.ts';
  const effects = files
    .filter((file) => !programs(file.path))
    .flatMap((file) =>
      [...file.text.matchAll(/^(?:await\b|void\b|new\b|(?!function\b|if\b|for\b|switch\b|while\b)[a-zA-Z_$][\w$.]*\().*$/gm)].map(
        (match) => `${file.path}: ${match[0]}`,
      ),
    );
  expect(effects).toEqual([]);
});
