import { Args, Flags } from '@oclif/core';
import { durationFlag, pairsOf } from '../../lib/cli/flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { REPLAY_TIMES } from '../../lib/simulation/choices.ts';
import { qualityOfService, reportingFlags, speedFlag } from '../../lib/simulation/flags.ts';
import { SimulationCommand } from '../../lib/simulation/simulation-command.ts';

export default class SimulateReplay extends SimulationCommand<typeof SimulateReplay> {
  static override summary = 'Replay a CSV file as a device that reports over MQTT';
  static override description =
    `The first line of the file names the columns. Times are ISO 8601 (UTC without a zone) or seconds or milliseconds since 1970. Rows are sent in the order of the file; a row that steps back in time is sent in its place, and of two samples of one point with the same time the hub keeps the last.

The device is created when it is not there, and then removed again with --clean-up only. A device that is there already is used with a credential for this run alone.

--times original keeps the recording's times; shifted moves them as a whole so that the last falls on the end of the replay; now gives each sample the moment it is sent.`;
  static override args = { file: Args.string({ description: 'CSV file with a header line', required: true }) };
  static override flags = {
    device: Flags.string({ char: 'd', summary: 'Device that reports', helpValue: '<id>', required: true }),
    speed: speedFlag({ summary: 'Recorded seconds in one second', default: 1, defaultHelp: async () => '1x' }),
    'time-column': Flags.string({ summary: 'Column of the time; without it timestamp, time, date, datetime or ts', helpValue: '<name>' }),
    map: Flags.string({
      summary: 'Column to replay, and as which point; repeats. Without it every column under its own name',
      helpValue: '<column=point>',
      multiple: true,
    }),
    times: Flags.option({ summary: 'Time that the samples carry', options: REPLAY_TIMES, default: 'original' as const })(),
    duration: durationFlag({ summary: 'End after so long; without it at the end of the recording' }),
    loop: Flags.boolean({ summary: 'Begin again at the end' }),
    ...reportingFlags,
    keep: Flags.boolean({ summary: 'Leave the device and its samples in the hub, which is the default', exclusive: ['clean-up'] }),
    'clean-up': Flags.boolean({ summary: 'Remove the device and its samples at the end, if this command created it', exclusive: ['keep'] }),
  };
  static override examples = [
    {
      description: 'A bundled recording, an hour in a second:',
      command: '<%= config.bin %> simulate replay assets/recordings/weather-hourly.csv --device weather-1 --speed 3600x --duration 3s',
    },
    {
      description: 'One column, as if it had just been recorded:',
      command:
        '<%= config.bin %> simulate replay assets/recordings/weather-hourly.csv -d weather-2 --map temperature=air/temperature --times shifted --speed 360000x',
    },
  ];

  async run(): Promise<void> {
    const { flags, args } = this;
    const points = flags.map === undefined ? null : new Map(Object.entries(pairsOf('map', flags.map)));
    if (points !== null && new Set(points.values()).size < points.size) {
      throw new MusterError('usage', 'Two columns are mapped to the same point.', { hint: 'Give each column a point of its own with --map column=point.' });
    }
    const hub = await this.writable();
    const mqttUrl = await this.mqttUrl(hub, flags.mqtt);
    const trust = await this.trust();
    const { replayRecording } = await import('../../lib/simulation/replay-recording.ts');
    const shown = await this.show();
    const report = await replayRecording({
      hub,
      mqttUrl,
      trust,
      file: args.file,
      columns: { time: flags['time-column'] ?? null, points },
      device: flags.device,
      speed: flags.speed,
      times: flags.times,
      durationMs: flags.duration ?? null,
      loop: flags.loop,
      protocol: flags.protocol,
      qos: qualityOfService(flags.qos),
      payload: flags.payload,
      keep: !flags['clean-up'],
      signal: this.signal,
      monitor: shown.monitor,
    }).finally(() => shown.stop());
    await this.conclude(report, `\`muster device rejects ${flags.device}\` shows what the hub did not take, and why.`);
  }
}
