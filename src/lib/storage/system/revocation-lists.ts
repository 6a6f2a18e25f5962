import type { RevocationList } from '../../domain/certificate.ts';
import type { DeviceId, ProjectId } from '../../domain/ids.ts';
import type { CertificateStorage } from '../certificate-storage.ts';
import type { ReadDatabase } from './database.ts';

interface Row {
  readonly project: string;
  readonly authority: string;
  readonly fingerprint: string;
  readonly number: string | null;
  readonly this_update: number;
  readonly next_update: number | null;
  readonly entries: number;
  readonly imported_at: number;
  readonly imported_by: string;
  readonly warned_at: number | null;
}
interface Named {
  readonly device: DeviceId | null;
  readonly fingerprint: string;
}

const ALL = 'select * from revocation_lists order by project, authority';
const NAMES = 'select 1 as found from listed_serials where project = ? and authority = ? and serial = ?';
const REPLACE = `insert into revocation_lists (project, authority, fingerprint, number, this_update, next_update, entries, imported_at, imported_by, warned_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)
  on conflict (project, authority) do update set fingerprint = excluded.fingerprint, number = excluded.number, this_update = excluded.this_update,
    next_update = excluded.next_update, entries = excluded.entries, imported_at = excluded.imported_at, imported_by = excluded.imported_by, warned_at = null
  where revocation_lists.fingerprint = ?`;
const FORGET = 'delete from listed_serials where project = ? and authority = ?';
const LIST = 'insert or ignore into listed_serials (project, authority, serial, revoked_at) select ?, ?, value ->> 0, value ->> 1 from json_each(?)';
const MARK = `update certificates set listed_at = (select l.revoked_at from listed_serials l
    where l.project = certificates.project and l.authority = certificates.authority and l.serial = coalesce(certificates.below, certificates.serial))
  where project = ? and authority = ? and origin = 'seen'`;
const NAMED = 'select device, fingerprint from certificates where project = ? and authority = ? and listed_at is not null';
const NAMED_ELSEWHERE = `select device, fingerprint from certificates c where project = ? and authority = ? and origin = 'seen'
  and exists (select 1 from listed_serials l where l.project = c.project and l.authority = ? and l.serial = c.serial)`;
const WARNED = 'update revocation_lists set warned_at = ? where project = ? and authority = ? and fingerprint = ?';

export function createRevocationLists(database: () => ReadDatabase): CertificateStorage['lists'] {
  return {
    all: async () => database().all<Row>(ALL).map(listOf),
    names: async (project, authority, serial) => database().get(NAMES, project, authority, serial) !== null,
    replace: (list, before, entries) => {
      const { project, authority, fingerprint, number, thisUpdate, nextUpdate, importedAt, importedBy } = list;
      return [
        {
          sql: REPLACE,
          // Of none that is there, nothing is equal to null: then only a new row changes anything.
          parameters: [project, authority, fingerprint, number, thisUpdate, nextUpdate, list.entries, importedAt, importedBy, before],
          mustChange: true,
        },
        { sql: FORGET, parameters: [project, authority] },
        { sql: LIST, parameters: [project, authority, JSON.stringify(entries)] },
        { sql: MARK, parameters: [project, authority] },
      ];
    },
    named: async (project, authority) => database().all<Named>(NAMED, project, authority),
    namedElsewhere: async (project, authority, other) => database().all<Named>(NAMED_ELSEWHERE, project, other, authority),
    warned: ({ project, authority, fingerprint }, at) => ({ sql: WARNED, parameters: [at, project, authority, fingerprint] }),
  };
}

function listOf(row: Row): RevocationList {
  return {
    project: row.project as ProjectId,
    authority: row.authority,
    fingerprint: row.fingerprint,
    number: row.number,
    thisUpdate: row.this_update,
    nextUpdate: row.next_update,
    entries: row.entries,
    importedAt: row.imported_at,
    importedBy: row.imported_by,
    warnedAt: row.warned_at,
  };
}
