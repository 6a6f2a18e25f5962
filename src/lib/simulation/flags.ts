import { Flags } from '@oclif/core';
import { MusterError } from '../errors/muster-error.ts';
import { PAYLOADS, PROTOCOLS, QUALITIES_OF_SERVICE, type QualityOfService } from './choices.ts';

/** What `simulate` and `simulate replay` share. */
export const reportingFlags = {
  qos: Flags.option({
    summary: 'Quality of service: 0 sends and forgets, 1 and 2 wait for the acknowledgement',
    options: QUALITIES_OF_SERVICE,
    default: '1' as const,
  })(),
  protocol: Flags.option({ summary: 'mqtt is 3.1.1, mqtt5 is 5', options: PROTOCOLS, default: 'mqtt5' as const })(),
  payload: Flags.option({ summary: 'Form of the messages', options: PAYLOADS, default: 'json' as const })(),
  mqtt: Flags.string({ summary: 'MQTT address of the hub, when it is not the one that the hub names itself (or MUSTER_MQTT_URL)', helpValue: '<url>' }),
};

export function qualityOfService(text: (typeof QUALITIES_OF_SERVICE)[number]): QualityOfService {
  return text === '0' ? 0 : text === '1' ? 1 : 2;
}

/** `60x`, `60` or `0.5x`. */
export const speedFlag = Flags.custom<number>({
  helpValue: '<factor>x',
  parse: async (input, _, options) => {
    const match = /^(\d+(?:\.\d+)?)x?$/i.exec(input.trim());
    const speed = match ? Number(match[1]) : 0;
    if (!(speed > 0)) throw new MusterError('usage', `--${options.name} ${input.slice(0, 40)} is not a speed.`, { hint: 'Write it as 60x.' });
    return speed;
  },
});
