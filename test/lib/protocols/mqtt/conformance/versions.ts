/** For tests of what is the same in both, as arguments of `describe.each`. */
export const BOTH = [
  ['MQTT 3.1.1', 4],
  ['MQTT 5', 5],
] as const;
