import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';

const WHOLE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const REF = /^[0-9a-f-]{6,36}$/;

/** The alarm that somebody means: its id, or the end of it as lists show it. Live ones come first. Throws not_found, conflict, usage. */
export async function alarmIdOf(hub: HubClient, given: string): Promise<string> {
  const text = given.trim().toLowerCase();
  if (WHOLE_ID.test(text)) return text;
  if (!REF.test(text))
    throw new MusterError('usage', `"${given.slice(0, 60)}" is no alarm.`, { hint: 'Give its id, or its ref as `muster alarm list` shows it.' });
  for (const closed of ['false', 'true'] as const) {
    const found: string[] = [];
    for await (const alarm of hub.alarms.list({ id: text, closed }, { limit: 2 })) found.push(alarm.id);
    if (found.length > 1) {
      throw new MusterError('conflict', `More than one alarm ends with ${text}.`, {
        hint: 'Give the whole id: `muster alarm list --columns ref,id`.',
        details: { ids: found },
      });
    }
    if (found[0] !== undefined) return found[0];
  }
  throw new MusterError('not_found', `There is no alarm ${text}.`, { hint: 'List them with `muster alarm list`, or with --closed.' });
}
