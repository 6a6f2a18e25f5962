import { z } from 'zod';
import { isName, isPointPath, NAME_RULE, POINT_RULE } from '../domain/ids.ts';
import { SEVERITIES } from '../domain/severity.ts';
import type { JsonValue } from '../domain/value.ts';

const TEXT_MAX = 2_000;

/** What a gateway says of an alarm. Unknown keys are ignored: a newer library may know more. */
export const EDGE_REPORT = z.object({
  rule: z.string().refine(isName, `must be ${NAME_RULE}`).describe('of the rule at the edge; it need not be known to the hub'),
  ruleVersion: z.number().int().min(1).optional(),
  point: z.string().refine(isPointPath, `must be ${POINT_RULE}`).optional().describe('absent: the alarm is about the device'),
  ts: z.number().int().optional().describe('time of the change, ms since 1970; absent: now'),
  level: z.string().min(1).max(128).nullable().optional().describe('null or absent: back to normal'),
  severity: z.enum(SEVERITIES).optional().describe('needed unless the hub knows the level of the rule, or the level is a severity'),
  value: z.custom<JsonValue>().optional(),
  message: z.string().max(TEXT_MAX).optional(),
  explanation: z.string().max(TEXT_MAX).optional().describe('why, in one line with the figures'),
});
