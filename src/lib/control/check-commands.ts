import type { Device } from '../domain/device.ts';
import { isName } from '../domain/ids.ts';
import type { Point } from '../domain/point.ts';
import { fitsValueType, type JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { NewCommand } from './control.ts';

const NAME_CHARACTERS_MAX = 128;
const POINTS_MAX = 1_000;

/** May the device be asked for anything? Throws not_allowed. */
export function checkMayBeAsked({ id, state }: Device): void {
  if (state === 'retired' || state === 'disabled') throw new MusterError('not_allowed', `device ${id} is ${state}: nothing is asked of it`);
}

/** What can be said of it whatever the device. Throws invalid. */
export function checkWish({ kind, name, value, expiryMs }: Pick<NewCommand, 'kind' | 'name' | 'value' | 'expiryMs'>, expiryMaxMs: number): void {
  if (expiryMs !== null && !(Number.isSafeInteger(expiryMs) && expiryMs > 0 && expiryMs <= expiryMaxMs))
    throw invalid('expiryMs', `a command lives for 1 to ${expiryMaxMs} ms (control.expiry-max-ms)`);
  if (kind === 'set') wantedIn(value);
  if (kind === 'call' && (name === null || name.length > NAME_CHARACTERS_MAX || !name.split('/').every(isName)))
    throw invalid('name', 'a call has a name: letters, digits and . _ : - (levels joined by /)');
}

/** Is it what such a command holds? Gives its name as it is stored. Throws invalid. */
export function checkedName(entry: DeviceEntry, wish: NewCommand, expiryMaxMs: number): string | null {
  checkWish(wish, expiryMaxMs);
  if (wish.kind === 'set') return checkedSet(entry, wish.value);
  return wish.kind === 'config' ? null : wish.name;
}

function wantedIn(value: JsonValue): readonly [string, JsonValue][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('values', 'a set has values by the paths of points');
  const wanted = Object.entries(value);
  if (wanted.length === 0 || wanted.length > POINTS_MAX) throw invalid('values', `a set has 1 to ${POINTS_MAX} points`);
  return wanted;
}

function checkedSet({ device, points }: DeviceEntry, value: JsonValue): string | null {
  const wanted = wantedIn(value);
  for (const [path, each] of wanted) {
    const entry = points.get(path);
    if (entry === undefined)
      throw invalid(
        'values',
        `${device.id} has no point ${path.slice(0, 210)}`,
        `List its points with \`muster point list ${device.id}\`; its type may declare more.`,
      );
    checkValue(device, entry.point, each);
  }
  const [first] = wanted;
  return wanted.length === 1 && first !== undefined ? first[0] : null;
}

function checkValue({ id }: Device, { path, kind, valueType, min, max }: Point, value: JsonValue): void {
  if (kind !== 'parameter' && kind !== 'setpoint')
    throw invalid(
      'values',
      `${path} of ${id} is of kind ${kind}: parameters and set points alone are set`,
      `Its type may declare it otherwise, or \`muster point update ${id} ${path} --kind setpoint\` does.`,
    );
  if (!fitsValueType(value, valueType)) throw invalid('values', `${path} of ${id} holds a ${valueType}, and ${JSON.stringify(value).slice(0, 60)} is none`);
  if (typeof value !== 'number') return;
  if (min !== null && value < min) throw invalid('values', `${value} is below the least value of ${path} of ${id}, ${min}`);
  if (max !== null && value > max) throw invalid('values', `${value} is above the greatest value of ${path} of ${id}, ${max}`);
}

function invalid(field: string, message: string, hint?: string): MusterError {
  return new MusterError('invalid', message, { details: { field }, ...(hint === undefined ? {} : { hint }) });
}
