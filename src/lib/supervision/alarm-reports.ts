import { parseJsonText } from '../domain/json-text.ts';
import type { JsonValue } from '../domain/value.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import type { InboundMessage } from '../ingest/inbound-message.ts';
import type { Outcome } from '../ingest/ingest.ts';
import type { RejectJournal } from '../ingest/reject-journal.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import { EDGE_REPORT } from './edge-report-schema.ts';
import type { Alarms, EdgeReport } from './supervision.ts';

export interface AlarmReportsPorts {
  readonly reported: Alarms['reported'];
  readonly directory: Directory;
  readonly rejects: Pick<RejectJournal, 'refused'>;
  readonly log: CommitLog;
  /** Why nothing may be added to what is stored at the moment; null: add. */
  readonly closed: () => MusterError | null;
  /** Why the device, or its project, may send no more just now; null: it may. */
  readonly admit: (device: DeviceEntry, message: InboundMessage) => MusterError | null;
}

/** What the same message will be refused for tomorrow as well: it is kept as rejected, and acknowledged. */
const FOR_GOOD: ReadonlySet<ErrorCode> = new Set(['invalid', 'undecodable', 'not_found', 'conflict', 'limit_reached']);
/** A gateway that comes back may send what gathered at once, as a list. */
const REPORTS_MAX = 1_000;
const HEAD_BYTES = 256;

/** Alarm reports as messages: one JSON object as in EDGE_REPORT, or a list of them, in their order. */
export function createAlarmReports(ports: AlarmReportsPorts): DeviceMessages {
  const { directory, rejects, log } = ports;
  return {
    async accept(message) {
      const closed = ports.closed();
      if (closed !== null) throw closed;
      const { id } = message.device;
      const entry = directory.device(id);
      if (!entry || entry.closing) throw new MusterError('not_found', `there is no device ${id}`);
      const limited = ports.admit(entry, message);
      if (limited !== null) throw limited;
      let accepted = 0;
      const rejected: Outcome['rejected'][number][] = [];
      // While it is here: the payload may be a window on what was read from a socket.
      const reports = readOrNone(message.payload, rejected);
      const head = { ...message, payload: Uint8Array.from(message.payload.subarray(0, HEAD_BYTES)), payloadBytes: message.payload.length };
      for (const report of reports) {
        try {
          await ports.reported(id, report, message.receivedAt);
          accepted += 1;
        } catch (error: unknown) {
          if (!(error instanceof MusterError) || !FOR_GOOD.has(error.code)) throw error;
          rejected.push({ code: error.code, step: 'alarm', reason: error.message, point: report.point ?? null });
        }
      }
      entry.rejected += rejected.length;
      const kept = rejected.slice(0, 10).flatMap((each) => rejects.refused(entry, head, each));
      if (kept.length > 0) await log.commit({ statements: kept });
      return { accepted, rejected: rejected.slice(0, 100), rejectedCount: rejected.length };
    },
  };
}

function readOrNone(payload: Uint8Array, rejected: Outcome['rejected'][number][]): readonly EdgeReport[] {
  try {
    return readReports(payload);
  } catch (error: unknown) {
    const code = error instanceof MusterError ? error.code : 'undecodable';
    rejected.push({ code, step: 'decode', reason: messageOf(error), point: null });
    return [];
  }
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
