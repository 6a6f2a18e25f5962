import { open } from 'node:fs/promises';
import { Flags } from '@oclif/core';
import { batches } from '../../lib/cli/batches.ts';
import type { Column } from '../../lib/cli/column.ts';
import { deviceFilterFlags, deviceFiltersOf } from '../../lib/cli/device-search.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import type { HubClient } from '../../lib/client/hub-client.ts';
import type { DeviceKind } from '../../lib/domain/device.ts';
import { csvLines, type ExportedDevice, exportedDevice, inImportOrder, ndjsonLines } from '../../lib/enrolment/export-devices.ts';
import { MusterError, messageOf } from '../../lib/errors/muster-error.ts';
import { completePart, partOf, removePart, sizeOf } from '../../lib/reading/export/part-file.ts';
import { refuseFlags } from '../../lib/reading/flags.ts';
import { formatOf, RECORDING_FORMATS } from '../../lib/reading/recording/read-recording.ts';
import { createProgress, thousands } from '../../lib/reading/terminal-progress.ts';

const DONE_COLUMNS: readonly Column<{ readonly file: string; readonly devices: number }>[] = [
  { name: 'file', value: (row) => row.file },
  { name: 'devices', value: (row) => row.devices, right: true },
];

export default class DeviceExport extends HubCommand<typeof DeviceExport> {
  static override summary = 'Write devices as a file that `device import` reads';
  static override description =
    'What somebody said of each device: name, kind, type, parent, state, groups, labels, aliases. Secrets are not in it: the hub does not know them. Gateways come before what is behind them. Each filter narrows. A file is written as FILE.part and takes its name when it is whole.';
  static override flags = {
    ...deviceFilterFlags,
    format: Flags.option({ summary: 'Form of the file; by its name unless given, csv on stdout', options: RECORDING_FORMATS })(),
    file: Flags.string({ summary: 'File to write; stdout unless given', helpValue: '<file>' }),
    force: Flags.boolean({ summary: 'Replace the file', relationships: [{ type: 'all', flags: ['file'] }] }),
  };
  static override examples = [
    { description: 'All of them, for a spreadsheet:', command: '<%= config.bin %> device export --file fleet.csv' },
    '<%= config.bin %> device export --kind gateway --label site=paris --format ndjson',
    {
      description: 'Those that a selector and a condition mean:',
      command: "<%= config.bin %> device export --selector 'site=paris,type=boiler' --where 'not online'",
    },
  ];

  async run(): Promise<void> {
    const { file, force } = this.flags;
    refuseFlags('device export', this.flags, file === undefined ? ['sort', 'columns', 'output', 'json'] : ['sort', 'columns']);
    if (file === '') throw new MusterError('usage', 'The name of the file is empty.', { hint: 'Give --file FILE, or leave --file out for stdout.' });
    const hub = await this.hub();
    const progress = createProgress({
      terminal: process.stderr.isTTY === true && file !== undefined,
      write: (text) => process.stderr.write(text),
      now: Date.now,
    });
    let count = 0;
    const counted = async function* (devices: AsyncIterable<ExportedDevice>): AsyncGenerator<ExportedDevice> {
      for await (const device of devices) {
        count += 1;
        progress.update(() => `${thousands(count)} devices`);
        yield device;
      }
    };
    const devices = counted(inImportOrder(this.#list(hub, ['gateway']), this.#list(hub, ['device', 'app'])));
    const lines = formatOf(file ?? '', this.flags.format) === 'ndjson' ? ndjsonLines(devices) : csvLines(devices);
    if (file === undefined) {
      for await (const batch of batches(lines, 1_000, 50)) await this.write(batch.join(''));
      return;
    }
    if (!force && (await sizeOf(file)) !== null)
      throw new MusterError('conflict', `${file} exists already.`, { hint: 'Give another --file, or --force to replace it.' });
    try {
      await save(partOf(file), lines);
      await completePart(file);
    } catch (error: unknown) {
      await removePart(file);
      throw error;
    } finally {
      progress.clear();
    }
    await this.printDone(`${thousands(count)} devices are in ${file}.`, { file, devices: count }, DONE_COLUMNS);
  }

  async *#list(hub: HubClient, kinds: readonly DeviceKind[]): AsyncGenerator<ExportedDevice> {
    const { kind: wanted, where, selector, type, parent, state, online, label, group, alias } = this.flags;
    const filters = deviceFiltersOf({ where, selector, type, parent, state, online, label, group, alias });
    for (const kind of kinds) {
      if (wanted !== undefined && wanted !== kind) continue;
      for await (const device of hub.devices.list({ ...filters, kind })) yield exportedDevice(device);
    }
  }
}

async function save(path: string, lines: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'w', 0o600).catch((error: unknown) => {
    throw new MusterError('usage', `${path} cannot be written: ${messageOf(error)}.`, { hint: 'Give another --file.', cause: error });
  });
  try {
    for await (const batch of batches(lines, 1_000, 50)) await file.write(batch.join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}
