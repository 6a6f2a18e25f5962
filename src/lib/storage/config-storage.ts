import type { CommandState } from '../domain/command.ts';
import type { ConfigReport, ConfigVersion } from '../domain/device-config.ts';
import type { CommandId, DeviceId } from '../domain/ids.ts';
import type { Statement } from './commit-log.ts';

/** How the command of a version stands. */
export interface ConfigProgress {
  readonly command: CommandId;
  readonly state: CommandState;
  readonly reason: string | null;
  readonly settledAt: number | null;
}

/** Configuration documents of devices, and what they say is in force. */
export interface ConfigStorage {
  /** The version that is wanted; null: none ever was. */
  wanted(device: DeviceId): Promise<ConfigVersion | null>;
  version(device: DeviceId, version: number): Promise<ConfigVersion | null>;
  /** The newest before this one that the device applied. */
  appliedBefore(device: DeviceId, version: number): Promise<ConfigVersion | null>;
  reported(device: DeviceId): Promise<ConfigReport | null>;
  /** The newest first; those below `before`. */
  list(device: DeviceId, page: { readonly limit: number; readonly before: number | null }): Promise<readonly ConfigVersion[]>;
  /** Refused with `unique` when the device has that version already. */
  insert(version: ConfigVersion): Statement;
  /** The version is sent once more, by another command. Refused with `stale` when it is not there. */
  sentAgain(device: DeviceId, version: number, command: CommandId): Statement;
  /** Of commands that carry versions; others change nothing. */
  progress(changes: readonly ConfigProgress[]): Statement;
  /** Changes nothing when the device is gone. */
  report(report: ConfigReport): Statement;
  /** Leaves the newest `keep`, and the one that is in force. */
  trim(device: DeviceId, keep: number): Statement;
  /** Takes over how commands ended whose end was not noted, and what is in force by them: after a crash. */
  catchUp(): readonly Statement[];
}
