import type { Device } from '../domain/device.ts';
import type { Point } from '../domain/point.ts';
import type { Directory, PointEntry } from '../fleet/directory.ts';
import { createSeriesTable } from '../fleet/series-table.ts';

/**
 * Who wants the samples of which point. A member is asked once about each point, when that has a sample: so a sample costs one look-up, however
 * many there are who do not want it, and a point that nobody wants takes 8 bytes. Something about the fleet that changes asks everybody anew.
 */
export interface Audiences<Member> {
  of(entry: PointEntry): readonly Member[];
  add(member: Member): void;
  remove(member: Member): void;
  readonly size: number;
}

/** Right for members that came up to `joined`, and as long as nobody leaves. */
interface Audience<Member> {
  readonly joined: number;
  readonly left: number;
  readonly members: readonly Member[];
}

export function createAudiences<Member>(directory: Directory, wants: (member: Member, point: Point, device: Device) => boolean): Audiences<Member> {
  /** In the order of their coming, with its number. */
  let all: { readonly member: Member; readonly number: number }[] = [];
  const present = new Set<Member>();
  let joined = 0;
  let left = 0;
  let revision = directory.revision;
  let audiences = createSeriesTable<Audience<Member>>();
  let nobody: Audience<Member> = { joined, left, members: [] };

  return {
    of(entry) {
      if (revision !== directory.revision) {
        revision = directory.revision;
        audiences = createSeriesTable();
      }
      const { series } = entry.point;
      const known = audiences.get(series);
      if (known !== undefined && known.joined === joined && known.left === left) return known.members;
      const audience = broughtUpToDate(known ?? null, entry);
      audiences.set(series, audience);
      return audience.members;
    },
    add(member) {
      joined += 1;
      present.add(member);
      all.push({ member, number: joined });
    },
    remove(member) {
      if (!present.delete(member)) return;
      all = all.filter((each) => each.member !== member);
      left += 1;
      // Nothing is kept for nobody.
      if (all.length === 0) audiences = createSeriesTable();
    },
    get size() {
      return all.length;
    },
  };

  function broughtUpToDate(known: Audience<Member> | null, { point }: PointEntry): Audience<Member> {
    const members = known === null ? [] : known.left === left ? [...known.members] : known.members.filter((member) => present.has(member));
    // A point that is gone has nobody's rights, whatever has its device's name now.
    const device = directory.pointOfSeries(point.series) && directory.device(point.device)?.device;
    for (let index = all.length - 1; device !== undefined && index >= 0; index -= 1) {
      const candidate = all[index];
      if (candidate === undefined || candidate.number <= (known?.joined ?? 0)) break;
      if (wants(candidate.member, point, device)) members.push(candidate.member);
    }
    if (members.length > 0) return { joined, left, members };
    if (nobody.joined !== joined || nobody.left !== left) nobody = { joined, left, members: [] };
    return nobody;
  }
}
