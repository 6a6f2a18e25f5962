import type { AlarmSubject } from './alarm.ts';
import type { DeviceId, PointPath } from './ids.ts';

/** No device's id begins with it. */
const OF_GROUP = '@';

/** One text for each subject: `device`, `device/point` or `@group`. Ids of devices have no slash. */
export function subjectKey({ device, point, group }: AlarmSubject): string {
  if (device === null) return `${OF_GROUP}${group ?? ''}`;
  return point === null ? device : `${device}/${point}`;
}

export function subjectOf(key: string): AlarmSubject {
  if (key.startsWith(OF_GROUP)) return { device: null, point: null, group: key.slice(OF_GROUP.length) };
  const slash = key.indexOf('/');
  if (slash < 0) return { device: key as DeviceId, point: null, group: null };
  return { device: key.slice(0, slash) as DeviceId, point: key.slice(slash + 1) as PointPath, group: null };
}
