import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readResumePoint } from '../../../src/lib/exports/read-resume-point.ts';
import { findResumePoint } from '../../../src/lib/exports/resume.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const ROW = '1970-01-01T00:00:01.000Z,kiln-1,a,1,good,false\n';

describe('continuing an export', () => {
  it('is not misled by rows that stand inside of a text longer than what is read at once', async () => {
    const path = join(temporaryFolder(), 'export.csv');
    const kept = `time,device,point,value,quality,late\n${ROW}`;
    writeFileSync(path, `${kept}1970-01-01T00:00:02.000Z,kiln-1,a,"${ROW.repeat(20_000)}`);
    expect(await readResumePoint(path, 'csv', 'long')).toEqual({ offset: kept.length, last: { device: 'kiln-1', point: 'a', time: 1000 } });
  });

  it('finds the row before one that is longer than what is read at once', async () => {
    const path = join(temporaryFolder(), 'export.ndjson');
    const kept = '{"time":5,"device":"kiln-1","point":"a","value":1,"quality":"good","late":false}\n';
    writeFileSync(path, `${kept}{"time":6,"device":"kiln-1","point":"a","value":"${'x'.repeat(1_000_000)}`);
    expect(await readResumePoint(path, 'ndjson', 'long')).toEqual({ offset: kept.length, last: { device: 'kiln-1', point: 'a', time: 5 } });
  });

  it('begins anew with a file that has no whole row', async () => {
    const path = join(temporaryFolder(), 'export.csv');
    for (const text of ['', 'time,dev', 'time,device,point,value,quality,late\n', `time,device,point,value,quality,late\n${ROW.slice(0, -1)}`]) {
      writeFileSync(path, text);
      expect(await readResumePoint(path, 'csv', 'long')).toEqual({ offset: 0, last: null });
    }
  });

  it('reads times with an offset', () => {
    const bytes = Buffer.from('time,device,a\n1970-01-01T01:00:00.500+01:00,kiln-1,1\n');
    expect(findResumePoint('csv', 'wide', { bytes, offset: 0 })).toEqual({ offset: bytes.length, last: { device: 'kiln-1', time: 500 } });
  });

  it('asks for more when the tail holds no whole row, and refuses formats that cannot be continued', () => {
    expect(findResumePoint('ndjson', 'long', { bytes: Buffer.from('lue":1}\n'), offset: 900 })).toBeNull();
    expect(() => findResumePoint('parquet', 'long', { bytes: Buffer.alloc(0), offset: 0 })).toThrow(RangeError);
  });
});
