import type { Command } from '../domain/command.ts';
import type { CommandId, DeviceId, ProjectId } from '../domain/ids.ts';

/** A command that is not settled, in memory. */
export interface OpenCommand {
  command: Command;
  /** Of its value, about. */
  readonly bytes: number;
  /** Which try to send it is the last one: what is said of one before is not believed. */
  attempt: number;
  /** What took it to the device last; null: nothing did since the start. */
  via: 'connection' | 'fetch' | null;
}

/** What is asked of one device, in the order of its making. */
export interface Line {
  readonly open: Map<CommandId, OpenCommand>;
  /** Sent, and not acknowledged. */
  unacknowledged: number;
}

/** What is asked of devices and not settled, and how much of it there is. */
export interface OpenCommands {
  get(id: CommandId): OpenCommand | undefined;
  line(device: DeviceId): Line | undefined;
  devices(): Iterable<DeviceId>;
  add(command: Command, bytes: number): OpenCommand;
  remove(open: OpenCommand): void;
  count(project: ProjectId): number;
  readonly size: number;
  readonly bytes: number;
}

export function createOpenCommands(): OpenCommands {
  const byId = new Map<CommandId, OpenCommand>();
  const lines = new Map<DeviceId, Line>();
  const perProject = new Map<ProjectId, number>();
  let bytes = 0;
  return {
    get: (id) => byId.get(id),
    line: (device) => lines.get(device),
    devices: () => lines.keys(),
    add(command, size) {
      const open: OpenCommand = { command, bytes: size, attempt: 0, via: null };
      byId.set(command.id, open);
      const line = lines.get(command.device);
      if (line === undefined) lines.set(command.device, { open: new Map([[command.id, open]]), unacknowledged: 0 });
      else line.open.set(command.id, open);
      perProject.set(command.project, (perProject.get(command.project) ?? 0) + 1);
      bytes += size;
      return open;
    },
    remove({ command: { id, device, project }, bytes: size }) {
      if (!byId.delete(id)) return;
      const line = lines.get(device);
      line?.open.delete(id);
      if (line?.open.size === 0) lines.delete(device);
      const left = (perProject.get(project) ?? 0) - 1;
      if (left > 0) perProject.set(project, left);
      else perProject.delete(project);
      bytes -= size;
    },
    count: (project) => perProject.get(project) ?? 0,
    get size() {
      return byId.size;
    },
    get bytes() {
      return bytes;
    },
  };
}
