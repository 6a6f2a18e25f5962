import { z } from 'zod';
import type { DeliveryConfig } from '../channel.ts';
import { Certificates, DELIVERY_CONFIG, Line, TimeoutMs } from '../delivery-config.ts';

const SECURITIES = ['starttls', 'tls', 'none'] as const;
export type Security = (typeof SECURITIES)[number];

export interface EmailConfig extends DeliveryConfig {
  readonly host: string;
  readonly port?: number | undefined;
  readonly security: Security;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  readonly fromName: string;
  readonly to: readonly string[];
  readonly timeoutMs: number;
  readonly ca?: string | undefined;
}

const RECIPIENTS_MAX = 50;

/** A bare address: nothing in it can end a header, begin another recipient, or be quoted. */
const Address = z
  .string()
  .max(254)
  .regex(
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    'must be a plain address such as ops@example.com',
  );
const Host = z
  .string()
  .max(253)
  .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+)$/, 'must be a host name or an address');

export const EmailSchema: z.ZodType<EmailConfig> = z
  .strictObject({
    host: Host.describe('the mail server that takes the messages'),
    port: z.number().int().min(1).max(65_535).optional().describe('without it 587, with security tls 465, with security none 25'),
    security: z
      .enum(SECURITIES)
      .default('starttls')
      .describe('starttls: the connection must become TLS before anything is sent; tls: it is from the start; none: plain'),
    user: Line(320).optional().describe('to log in as; without it the hub does not'),
    password: z.string().min(1).max(1_000).optional().describe('of the user'),
    from: Address.describe('the sender'),
    fromName: Line(100).default('Muster').describe('its name'),
    to: z.array(Address).min(1).max(RECIPIENTS_MAX).describe('the receivers'),
    timeoutMs: TimeoutMs,
    ca: Certificates.optional(),
    ...DELIVERY_CONFIG,
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), { error: 'must be given together with user', path: ['password'] })
  .refine(({ user, security }) => user === undefined || security !== 'none', {
    error: 'must be starttls or tls: a password is not sent over a plain connection',
    path: ['security'],
  });
