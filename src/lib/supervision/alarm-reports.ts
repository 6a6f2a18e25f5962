import { parseJsonText } from '../domain/json-text.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import { type DeviceMessagePorts, takeDeviceLists } from '../ingest/take-device-message.ts';
import { EDGE_REPORT } from './edge-report-schema.ts';
import type { Alarms, EdgeReport } from './supervision.ts';

export interface AlarmReportsPorts extends DeviceMessagePorts {
  readonly reported: Alarms['reported'];
}

const REPORTS_MAX = 1_000;

/** Alarm reports as messages: one JSON object as in EDGE_REPORT, or a list of them, in their order. */
export function createAlarmReports({ reported, ...ports }: AlarmReportsPorts): DeviceMessages {
  return takeDeviceLists(ports, {
    step: 'alarm',
    read: readReports,
    take: (device, report, receivedAt) => reported(device, report, receivedAt),
    inOrder: true,
    pointOf: (report) => report.point ?? null,
  });
}

/** Throws MusterError `undecodable` or `invalid`. */
function readReports(payload: Uint8Array): readonly EdgeReport[] {
  let content: unknown;
  try {
    content = parseJsonText(payload) as JsonValue;
  } catch (error: unknown) {
    throw new MusterError('undecodable', `an alarm report is JSON, and this is not: ${messageOf(error)}`, { cause: error });
  }
  const list = Array.isArray(content) ? content : [content];
  if (list.length > REPORTS_MAX) throw new MusterError('invalid', `a message has ${list.length} alarm reports; ${REPORTS_MAX} are the most`);
  return list.map((each, index) => {
    const read = EDGE_REPORT.safeParse(each);
    if (read.success) return read.data as EdgeReport;
    const [issue] = read.error.issues;
    const where = [...(Array.isArray(content) ? [String(index)] : []), ...(issue?.path ?? []).map(String)].join('.');
    throw new MusterError(
      'invalid',
      `${where === '' ? 'the alarm report' : `\`${where}\` of the alarm report`} is wrong: ${issue?.message ?? 'not an object'}`,
      {
        details: { field: where },
      },
    );
  });
}
