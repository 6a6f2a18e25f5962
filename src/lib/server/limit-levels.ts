import type { Settings } from '../config/settings.ts';
import type { HubLevels, LimitLevel } from '../metrics/hub-figures.ts';

type Levels = Pick<
  HubLevels,
  'messagesWaiting' | 'bytesWaiting' | 'journalBytes' | 'httpConnections' | 'streamSubscribers' | 'events' | 'alarms' | 'commands' | 'mqtt' | 'searches'
> & {
  /** What the setting and the operating system allow. */
  readonly mqttConnectionsMax: number;
};

/** What has a limit for the whole hub, and how far it is filled. Limits of a device, a session or an address are judged where they are met. */
export function limitLevels(settings: Settings, levels: Levels): LimitLevel[] {
  const { messagesWaiting, bytesWaiting, journalBytes, httpConnections, streamSubscribers, events, alarms, commands, mqtt, mqttConnectionsMax } = levels;
  const { searches } = levels;
  return [
    { setting: 'limits.commit-queue', level: messagesWaiting, limit: settings['limits.commit-queue'] },
    { setting: 'limits.bytes-waiting', level: bytesWaiting, limit: settings['limits.bytes-waiting'] },
    { setting: 'limits.journal-bytes', level: journalBytes, limit: settings['limits.journal-bytes'] },
    { setting: 'limits.stream-subscribers', level: streamSubscribers, limit: settings['limits.stream-subscribers'] },
    { setting: 'limits.evaluations', level: alarms.evaluations, limit: settings['limits.evaluations'] },
    { setting: 'limits.late-evaluations', level: alarms.lateEvaluations, limit: settings['limits.late-evaluations'] },
    { setting: 'limits.scripts-waiting', level: alarms.scriptsWaiting, limit: settings['limits.scripts-waiting'] },
    { setting: 'limits.alarm-events-waiting', level: alarms.uncommitted, limit: settings['limits.alarm-events-waiting'] },
    { setting: 'limits.command-bytes-open', level: commands.bytes, limit: settings['limits.command-bytes-open'] },
    { setting: 'limits.events-waiting', level: events.waiting, limit: settings['limits.events-waiting'] },
    { setting: 'limits.searches', level: searches, limit: settings['limits.searches'] },
    { setting: 'http.connections-max', level: httpConnections, limit: settings['http.connections-max'] },
    { setting: 'mqtt.connections-max', level: mqtt.connections, limit: mqttConnectionsMax },
    { setting: 'mqtt.half-open-max', level: mqtt.halfOpen, limit: settings['mqtt.half-open-max'] },
    { setting: 'mqtt.sessions-max', level: mqtt.sessionsAbsent, limit: settings['mqtt.sessions-max'] },
    { setting: 'mqtt.queued-bytes-max', level: mqtt.queuedBytes, limit: settings['mqtt.queued-bytes-max'] },
    { setting: 'mqtt.retained-messages-max', level: mqtt.retained, limit: settings['mqtt.retained-messages-max'] },
    { setting: 'mqtt.retained-bytes-max', level: mqtt.retainedBytes, limit: settings['mqtt.retained-bytes-max'] },
  ];
}
