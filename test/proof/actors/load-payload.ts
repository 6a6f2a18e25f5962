/** Time of report 0 of each device. */
export const LOAD_FROM = Date.UTC(2025, 0, 1);

/** Report `number` with so many values: the point `load` tells its number. */
export function loadPayload(number: number, points: number): string {
  let values = `"load":${number}`;
  for (let point = 1; point < points; point += 1) values += `,"load-${point}":${number + point / 10}`;
  return `{"ts":${LOAD_FROM + number},"values":{${values}}}`;
}
