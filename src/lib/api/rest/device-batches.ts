import { aliasWarning } from '../../domain/alias-form.ts';
import { ALIAS_KINDS } from '../../domain/device.ts';
import type { Actor } from '../../domain/event.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { parseSelector } from '../../domain/selector.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { certificatesIssued } from '../../events/certificate-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import { type ChangedDevices, devicesChanged } from '../../events/fleet-events.ts';
import type { Directory } from '../../fleet/directory.ts';
import type { Groups } from '../../fleet/groups/groups.ts';
import { selectDevices } from '../../fleet/select-devices.ts';
import type { BatchItem, BatchItemResult, DeviceBatches, GivenCredential } from '../../provisioning/device-batches.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { issueText } from '../issue-text.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import {
  BATCH_STATUSES,
  BatchDevice,
  type BatchResult,
  DeviceBatch,
  DeviceBatchAnswer,
  DeviceBatchDelete,
  DeviceSelect,
  SelectedDevice,
} from '../schema/device-batch.ts';

export interface DeviceBatchRoutePorts {
  readonly deviceBatches: DeviceBatches;
  readonly groups: Pick<Groups, 'ensure'>;
  readonly directory: Pick<Directory, 'sortedDevices' | 'groupsOf' | 'groups'>;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
}

type Row = BatchItem | BatchResult;

const NOTHING: Omit<BatchResult, 'id' | 'status'> = { code: null, reason: null, hint: null, warnings: [], difference: {}, credential: null };

export function deviceBatchRoutes({ deviceBatches, groups, directory, recorder, clock }: DeviceBatchRoutePorts): Route[] {
  return [
    route({
      method: 'POST',
      path: '/devices/batch',
      adds: true,
      tag: 'devices',
      summary: 'Create or change many devices in one transaction, with a result for each',
      description:
        'What is wrong with one is in its result, and takes nothing with it; the answer is 200 then too. Any other status: nothing of the batch was written, and it may be sent again.',
      permission: 'device:write',
      body: DeviceBatch,
      responses: { 200: DeviceBatchAnswer },
      async handle({ body, project, principal }) {
        const { mode, check, again, createGroups } = body;
        const read = body.devices.map(readRow);
        const rows = createGroups && !check ? await withGroups(project, read, actorOf(principal)) : read;
        const items = rows.flatMap((row) => ('device' in row ? [row] : []));
        const written = await deviceBatches.provision(project, items, { mode, check, again, createGroups }, actorOf(principal));
        const signed = check ? 0 : written.filter(({ credential }) => credential?.kind === 'certificate').length;
        if (!check) tell(devicesChanged(project, changedBy(written), actorOf(principal), clock()));
        if (signed > 0) recorder.record(certificatesIssued(project, signed, actorOf(principal), clock()));
        let next = 0;
        return answer(
          rows.map((row) => {
            if (!('device' in row)) return row;
            const result = written[next++];
            if (result === undefined) throw new Error('a row of the batch has no result');
            return resultOf(row, result);
          }),
        );
      },
    }),
    route({
      method: 'POST',
      path: '/devices/batch/delete',
      tag: 'devices',
      summary: 'Delete many devices in one transaction, with a result for each',
      description: 'A gateway goes only together with all that is behind it. Any other status than 200: nothing was deleted.',
      permission: 'device:write',
      body: DeviceBatchDelete,
      responses: { 200: DeviceBatchAnswer },
      async handle({ body, project, principal }) {
        const results = await deviceBatches.delete(project, body.devices, { check: body.check });
        const deleted = results.flatMap((result) => (result.ok ? [result] : []));
        if (!body.check) tell(devicesChanged(project, { created: [], updated: [], deleted }, actorOf(principal), clock()));
        return answer(
          results.map((result, index): BatchResult => {
            const id = body.devices[index] ?? null;
            return result.ok ? { id: result.device.id, status: 'deleted', ...NOTHING } : refused(id, result.error);
          }),
        );
      },
    }),
    route({
      method: 'POST',
      path: '/devices/batch/select',
      tag: 'devices',
      summary: 'List the ids of the devices that a selector means',
      description: 'For whoever changes or deletes them: what is written down here stays the same, whatever the change makes of the selector.',
      permission: 'device:read',
      body: DeviceSelect,
      responses: { 200: pageOf(SelectedDevice) },
      async handle({ body, project }) {
        const { selector, limit, cursor } = body;
        const parsed = parseSelector(selector);
        if (!parsed.ok) throw new MusterError('invalid', `selector: ${parsed.reason}`, { details: { field: 'selector' } });
        const after = readCursor(cursor, ['string'])?.[0] as string | undefined;
        const found = await selectDevices(directory, project, parsed.selector, { after, limit: limit + 1 });
        return {
          status: 200,
          body: takePage(
            found,
            limit,
            ({ device }) => [device.id],
            ({ device: { id, parent } }) => ({ id, parent }),
          ),
        };
      },
    }),
  ];

  /** Makes the groups that the rows name. When there is no room for them, the rows that need them fail, and no other. */
  async function withGroups(project: ProjectId, rows: readonly Row[], actor: Actor): Promise<readonly Row[]> {
    const groupsOf = (row: Row): readonly string[] => ('device' in row ? (row.device.groups ?? []) : []);
    try {
      await groups.ensure(project, [...new Set(rows.flatMap(groupsOf))], actor);
      return rows;
    } catch (error: unknown) {
      if (!(error instanceof MusterError) || error.code !== 'limit_reached') throw error;
      const isMissing = (group: string): boolean => directory.groups.group(project, group) === undefined;
      return rows.map((row) => ('device' in row && groupsOf(row).some(isMissing) ? refused(row.device.id, error) : row));
    }
  }

  function tell(event: ReturnType<typeof devicesChanged>): void {
    if (event !== null) recorder.record(event);
  }
}

/** A row as the schema has it, or its result already. */
function readRow(row: unknown): Row {
  const parsed = BatchDevice.safeParse(row);
  if (parsed.success) {
    const { credential, ...device } = parsed.data;
    return { device, credential: credential ?? null };
  }
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  const problem = issue === undefined ? 'is malformed' : issueText(issue.message);
  return refused(idOf(row), new MusterError('invalid', field === '' ? problem : `${field}: ${problem}`));
}

function idOf(row: unknown): string | null {
  const id: unknown = typeof row === 'object' && row !== null && 'id' in row ? row.id : null;
  return typeof id === 'string' ? id.slice(0, 200) : null;
}

function resultOf({ device }: BatchItem, { result, credential }: BatchItemResult): BatchResult {
  const warnings = ALIAS_KINDS.flatMap((kind) => {
    const value = device.aliases?.[kind];
    const warning = value ? aliasWarning(kind, value) : null;
    return warning === null ? [] : [`${kind} ${value} ${warning}`];
  });
  if (!result.ok) return { ...refused(device.id, result.error), warnings };
  return {
    ...NOTHING,
    id: result.entry?.device.id ?? device.id,
    status: result.outcome,
    warnings,
    difference: result.difference as BatchResult['difference'],
    credential: credential === null ? null : credentialView(device.id, credential),
  };
}

function credentialView(username: string, given: GivenCredential): BatchResult['credential'] {
  if (given.kind === 'certificate') {
    const { record, certificate, authority: caCertificate } = given.issued;
    return { id: record.fingerprint, kind: 'certificate', username, secret: null, expiresAt: record.validTo, certificate, caCertificate };
  }
  const { kind, record, secret } = given;
  return { id: record.id, kind, username, secret, expiresAt: record.expiresAt, certificate: null, caCertificate: null };
}

function refused(id: string | null, { code, message, hint }: MusterError): BatchResult {
  return { ...NOTHING, id, status: 'failed', code, reason: message, hint };
}

function changedBy(written: readonly BatchItemResult[]): ChangedDevices {
  const created: ChangedDevices['created'][number][] = [];
  const updated: ChangedDevices['updated'][number][] = [];
  for (const { result } of written) {
    if (!result.ok || result.entry === null) continue;
    const { device } = result.entry;
    if (result.before === null) created.push(device);
    else if (result.outcome === 'updated') updated.push({ before: result.before, after: device });
  }
  return { created, updated, deleted: [] };
}

function answer(results: readonly BatchResult[]) {
  const counts = Object.fromEntries(BATCH_STATUSES.map((status) => [status, results.filter((result) => result.status === status).length]));
  return { status: 200, body: { results, counts } };
}
