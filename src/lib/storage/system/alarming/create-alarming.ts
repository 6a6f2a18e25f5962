import type { Log } from '../../../domain/log.ts';
import type { AlarmStorage } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import { createAlarms } from './alarms.ts';
import { createChannels } from './channels.ts';
import { createEvaluations } from './evaluations.ts';
import { createEvents } from './events.ts';
import { createHubMarks } from './hub-marks.ts';
import { createMaintenances } from './maintenances.ts';
import { createOutbox } from './outbox.ts';
import { createReadableRows } from './readable-rows.ts';
import { createRoutes } from './routes.ts';
import { createRules } from './rules.ts';

export function createAlarming(database: () => ReadDatabase, log: Log): AlarmStorage {
  const rows = createReadableRows(log);
  return {
    rules: createRules(database, rows),
    maintenances: createMaintenances(database, rows),
    alarms: createAlarms(database, rows),
    evaluations: createEvaluations(database, rows),
    events: createEvents(database, rows),
    channels: createChannels(database, rows),
    routes: createRoutes(database, rows),
    outbox: createOutbox(database, rows),
    ...createHubMarks(database),
  };
}
