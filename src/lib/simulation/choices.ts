/** What a simulation may be told: the one source of types, flags and their help. Imports nothing, so that `--help` stays quick. */

/** mqtt is 3.1.1, mqtt5 is 5. */
export const PROTOCOLS = ['mqtt', 'mqtt5'] as const;
export type SimulatedProtocol = (typeof PROTOCOLS)[number];

export const QUALITIES_OF_SERVICE = ['0', '1', '2'] as const;
export type QualityOfService = 0 | 1 | 2;

export const PAYLOADS = ['json', 'senml'] as const;
export type PayloadName = (typeof PAYLOADS)[number];

/**
 * What time a replayed sample carries. original: the recording's. shifted: the recording's, moved as a whole so that
 * its end falls together with the end of the replay. now: the moment it is sent.
 */
export const REPLAY_TIMES = ['original', 'shifted', 'now'] as const;
export type ReplayTimes = (typeof REPLAY_TIMES)[number];
