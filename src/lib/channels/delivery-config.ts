import { z } from 'zod';

/** The part of a channel's configuration that is the same for every kind: spread it into the schema of a new one. */
export const DELIVERY_CONFIG = {
  ratePerMinute: z.number().min(0.1).max(60_000).default(30).describe('notifications a minute, on average; beyond it they are gathered into one'),
  burst: z.number().int().min(1).max(10_000).default(10).describe('so many notifications may go at once before that'),
};

export const TimeoutMs = z.number().int().min(100).max(60_000).default(10_000).describe('longest time of one attempt, connecting included');

/** Letters that break a header or a log line. */
const CONTROL = /\p{Cc}/u;

export const Line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !CONTROL.test(text), 'must be one line without control characters');

export const Certificates = z
  .string()
  .max(100_000)
  .refine((text) => text.includes('-----BEGIN CERTIFICATE-----'), 'must be certificates in PEM')
  .describe('certificates in PEM that are trusted besides those of the system: for a CA of your own');
