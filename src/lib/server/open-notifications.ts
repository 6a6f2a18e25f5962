import { createTargetGuard } from '../channels/target-guard.ts';
import { isLoopback } from '../config/loopback.ts';
import { createNotifications, type Notifications } from '../notifications/create-notifications.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';

const DAY_MS = 86_400_000;

/** Who is told of alarms. It goes on with what waits at once; it ends after the engine that hands it alarms, so this comes before that one. */
export async function openNotifications(ports: Foundation & { readonly events: EventsDoor }): Promise<Notifications> {
  const { settings, storage, events, clock, log, shutdown } = ports;
  const notifications = createNotifications({
    storage: storage.system.alarming,
    log: storage.system.log,
    recorder: events.recorder,
    stream: events.stream,
    hubLog: log,
    clock,
    // Who reaches a hub that listens on this machine alone is on this machine.
    targets: createTargetGuard(settings['notifications.targets'] ?? ['public', 'private', ...(isLoopback(settings.host) ? ['loopback'] : [])]),
    groupsOf: (device) => storage.directory.membershipOf(device),
    giveUpAfterMs: settings['notifications.give-up-after-ms'],
    waitingMax: settings['notifications.waiting-max'],
    keptMs: settings['notifications.kept-days'] * DAY_MS,
    channelsPerProjectMax: settings['limits.channels-per-project'],
    routesPerProjectMax: settings['limits.routes-per-project'],
  });
  shutdown.defer('notifications', () => notifications.stop());
  await notifications.start();
  return notifications;
}
