import type { Rule } from '../../src/lib/alarms/rule.ts';
import { parseRule } from '../../src/lib/alarms/rule-document.ts';
import type { HubEvent } from '../../src/lib/domain/event.ts';
import type { EventId } from '../../src/lib/domain/ids.ts';
import type { JsonValue } from '../../src/lib/domain/value.ts';
import type { NewEvent } from '../../src/lib/events/event-recorder.ts';
import type { Directory } from '../../src/lib/fleet/directory.ts';
import type { EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { createRules, type RuleChange } from '../../src/lib/supervision/rules.ts';
import type { ReadRule } from '../../src/lib/supervision/supervision.ts';
import { SILENT_LOG } from './silent-log.ts';

/** A rule on one point, above a limit. */
export function aRuleDocument(id: string, more: { readonly [key: string]: JsonValue } = {}): { readonly [key: string]: JsonValue } {
  return { id, scope: { points: 'temperature' }, when: { bands: [{ level: 'major', high: 80 }] }, ...more };
}

export function readRule(document: JsonValue, version: number): ReadRule {
  const parsed = parseRule(document, { version });
  return parsed.ok ? { rule: parsed.rule } : { problems: parsed.problems };
}

/** Compiled; for documents that are right. */
export function compiledRule(document: JsonValue): Rule {
  const read = readRule(document, 1);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.rule;
}

let events = 0;
export function completed(event: NewEvent): HubEvent {
  events += 1;
  return { ...event, id: `0198c0de-0000-7000-8000-${String(events).padStart(12, '0')}` as EventId, recordedAt: event.time };
}

/** The real service on a real store; what it tells the engine, and what it recorded besides, is in the lists. */
export function createTestRules(system: EmbeddedSystemStore, directory: Directory, more: { readonly rulesPerProjectMax?: number } = {}) {
  const changes: RuleChange[] = [];
  const recorded: NewEvent[] = [];
  const published: HubEvent[] = [];
  let now = 1_000;
  const rules = createRules({
    storage: system.alarming,
    log: system.log,
    recorder: { complete: completed, record: (event) => void recorded.push(event) },
    stream: { publish: (given) => void published.push(...given) },
    directory,
    hubLog: SILENT_LOG,
    clock: () => {
      now += 1;
      return now;
    },
    rulesPerProjectMax: more.rulesPerProjectMax ?? 100,
    read: readRule,
    onRuleChanged: async (change) => void changes.push(change),
  });
  return { rules, changes, recorded, published };
}
