import { readScope } from '../alarms/read-scope.ts';
import { parseRule, usesScript } from '../alarms/rule-document.ts';
import type { Control } from '../control/control.ts';
import { NONE } from '../ingest/batch.ts';
import type { GroupCommit } from '../ingest/group-commit.ts';
import type { Notifier } from '../notifications/notifier.ts';
import type { ScriptThread } from '../scripts/script-thread.ts';
import { createSupervision, type HotSupervision } from '../supervision/create-supervision.ts';
import { createMaintenances } from '../supervision/maintenances.ts';
import { createRules } from '../supervision/rules.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';

/** Rules, maintenance windows and the engine, put together. Started by its owner. */
export function openAlarms(
  ports: Foundation & {
    readonly events: EventsDoor;
    readonly notifier: Notifier;
    readonly control: Pick<Control, 'plan'>;
    /** Of the spine: what alarms change is written in order with the messages that change alarms. */
    readonly commit: GroupCommit;
    readonly scripts: ScriptThread;
  },
): HotSupervision {
  const { settings, storage, events, notifier, control, commit, scripts, clock, log } = ports;
  const { system, directory, disk, presence, samples } = storage;
  const { alarming } = system;
  const { recorder, stream } = events;
  const rules = createRules({
    storage: alarming,
    log: system.log,
    recorder,
    stream,
    directory,
    hubLog: log,
    clock,
    rulesPerProjectMax: settings['limits.rules-per-project'],
    read(document, version) {
      const parsed = parseRule(document, { version, scripts });
      return parsed.ok ? { rule: parsed.rule } : { problems: parsed.problems };
    },
    prepare: async (document) => (usesScript(document) ? scripts.prepare() : undefined),
    onRuleChanged: (change) => supervision.ruleChanged(change),
  });
  const maintenances = createMaintenances({
    storage: alarming,
    log: system.log,
    recorder,
    stream,
    clock,
    maintenancesPerProjectMax: settings['limits.maintenances-per-project'],
    scopeProblems(scope) {
      const read = readScope(scope);
      return read.ok ? [] : read.problems;
    },
    onMaintenanceChanged: (window, on) => supervision.maintenanceChanged(window, on),
  });
  const supervision = createSupervision({
    settings,
    directory,
    presence,
    storage: alarming,
    samples,
    latestKnown: storage.latestKnown,
    commit: (statements) => commit.add(NONE, statements),
    recorder,
    stream,
    notifier,
    control,
    rules,
    maintenances,
    readScope(document) {
      const read = readScope(document);
      return read.ok ? read.scope : null;
    },
    closed: disk.refusal,
    clock,
    log,
  });
  return supervision;
}
