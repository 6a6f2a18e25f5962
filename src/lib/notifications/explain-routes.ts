import type { Device } from '../domain/device.ts';
import { type DeviceGroups, IN_NO_GROUP } from '../domain/group.ts';
import type { PointPath, RuleId } from '../domain/ids.ts';
import type { Channel, NotifyCause } from '../domain/notification.ts';
import type { Severity } from '../domain/severity.ts';
import type { CompiledRoute } from './compile-route.ts';
import { quietUntil } from './quiet-until.ts';
import type { RoutePart, Told } from './route-filter.ts';

/** An alarm change that did not happen. */
export interface RouteQuestion {
  readonly severity: Severity;
  readonly cause: NotifyCause;
  readonly rule: string;
  readonly device: Device | null;
  readonly point: string | null;
  readonly group: string | null;
  /** Of the alarm. */
  readonly labels: Readonly<Record<string, string>>;
  /** ms since 1970 */
  readonly time: number;
}

export interface RouteExplanation {
  readonly route: string;
  readonly enabled: boolean;
  /** It is told over those of its channels that are enabled. */
  readonly matches: boolean;
  readonly parts: readonly RoutePart[];
  readonly channels: readonly { readonly id: string; readonly told: boolean; readonly reason: string }[];
  /** When it is told at the earliest; null: it is not. */
  readonly dueAt: number | null;
  /** How it is told, or why not, in one sentence. */
  readonly reason: string;
}

export function explainRoutes(
  routes: readonly CompiledRoute[],
  channelOf: (id: string) => Channel | undefined,
  groupsOf: (device: Device) => DeviceGroups,
  question: RouteQuestion,
): RouteExplanation[] {
  const { severity, cause, device, time } = question;
  const told: Told = {
    alarm: {
      rule: question.rule as RuleId,
      subject: { device: device?.id ?? null, point: question.point as PointPath | null, group: question.group },
      labels: question.labels,
    },
    ...{ device, severity, cause },
    groups: device === null ? IN_NO_GROUP : groupsOf(device),
  };
  return routes.map((compiled) => {
    const { route, filter, schedule } = compiled;
    const parts: RoutePart[] = [...filter.explain(told)];
    if (schedule !== null) {
      const holds = schedule.inForce(time);
      parts.push({ part: 'schedule', wanted: ['in force'], is: holds ? 'in force' : 'not in force', holds });
    }
    const failing = parts.filter(({ holds }) => !holds);
    const matches = route.enabled && failing.length === 0;
    const channels = route.channels.map((id) => {
      const channel = channelOf(id);
      const reason = !matches
        ? 'the route does not match'
        : channel === undefined
          ? 'there is no such channel'
          : channel.enabled
            ? 'it is told'
            : 'the channel is disabled';
      return { id, told: matches && channel?.enabled === true, reason };
    });
    const isTold = channels.some((channel) => channel.told);
    const [dueAt, reason] = isTold ? whenOf(compiled, severity, time) : [null, whyNot(route.enabled, failing)];
    return { route: route.id, enabled: route.enabled, matches, parts, channels, dueAt, reason };
  });
}

function whenOf(compiled: CompiledRoute, severity: Severity, time: number): [number, string] {
  const quiet = quietUntil(compiled, severity, time);
  if (quiet !== null) return [quiet, 'told at the end of the quiet hours, with all that came then'];
  if (compiled.groupKey === null) return [time, 'told at once'];
  return [time + compiled.groupWaitMs, compiled.groupWaitMs === 0 ? 'told at once, unless its group has told lately' : 'told together with its group'];
}

function whyNot(enabled: boolean, failing: readonly RoutePart[]): string {
  if (!enabled) return 'the route is disabled';
  const [first] = failing;
  if (first === undefined) return 'none of its channels is enabled';
  return failing.map(({ part, wanted, is }) => `${part} must be ${wanted.join(' or ')}, and is ${is === null || is === '' ? 'nothing' : is}`).join('; ');
}
