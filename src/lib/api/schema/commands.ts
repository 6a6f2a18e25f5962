import { z } from 'zod';
import { COMMAND_ANSWERS, COMMAND_KINDS, COMMAND_STATES, COMMAND_WAIT_MAX_MS } from '../../domain/command.ts';
import { Name, PageQuery, PointPathText, pageOf, Repeated, Text, Time, Value } from './common.ts';

const WaitMs = z.coerce.number().int().min(0).max(COMMAND_WAIT_MAX_MS);
const CommandIdText = z.string().max(100).describe('uuid v7: the correlation id on the wire');
const ExpiryMs = z.number().int().min(1).optional().describe('so long it waits for the device and its answer; without it control.expiry-default-ms');

export const Command = z
  .object({
    id: CommandIdText,
    device: z.string(),
    kind: z.enum(COMMAND_KINDS),
    name: z.string().nullable().describe('what is called; of a set the one point, or null when there are several'),
    value: Value.describe('set: values by point; call: arguments; config: the document'),
    state: z.enum(COMMAND_STATES),
    reason: z.string().nullable().describe('why it was rejected, expired or cancelled'),
    result: Value.describe('what the device answered to a call'),
    lateAnswer: z.enum(COMMAND_ANSWERS).nullable().describe('what the device said after the command had expired or was cancelled'),
    actor: z.string().describe('who asked: user:anna, token:ci, rule:boiler-hot'),
    version: z.number().int().nullable().describe('of a configuration'),
    job: z.string().nullable(),
    createdAt: Time,
    expiresAt: Time,
    sentAt: Time.nullable(),
    deliveredAt: Time.nullable(),
    settledAt: Time.nullable(),
  })
  .meta({ id: 'Command' });
export type Command = z.infer<typeof Command>;

export const CommandPage = pageOf(Command);

export const SetRequest = z.object({
  values: z.record(PointPathText, Value).describe('what is wanted, by the paths of parameters and set points'),
  expiryMs: ExpiryMs,
});
export type SetRequest = z.input<typeof SetRequest>;

export const CallRequest = z.object({
  name: Text(128),
  args: Value.optional().describe('any JSON; null when absent'),
  expiryMs: ExpiryMs,
});
export type CallRequest = z.input<typeof CallRequest>;

export const CommandQuery = PageQuery.extend({
  device: z.string().max(200).optional().describe('id, or alias as kind:value'),
  kind: Repeated(z.enum(COMMAND_KINDS)).optional(),
  state: Repeated(z.enum(COMMAND_STATES)).optional(),
  job: z.string().max(100).optional(),
});
export type CommandQuery = z.input<typeof CommandQuery>;

/** Each narrows. Of repeated ones any. */
export const CommandStreamQuery = z.object({
  device: Repeated(z.string().max(200)).optional().describe('id, or alias as kind:value; repeats'),
  selector: Text(4_000).optional().describe('devices that fit at the moment: `site=paris,type=meter`'),
  group: Repeated(Text(500)).optional().describe('devices in this group, or below it; repeats'),
  kind: Repeated(z.enum(COMMAND_KINDS)).optional(),
  state: Repeated(z.enum(COMMAND_STATES)).optional().describe('that a command comes to; repeats'),
  job: z.string().max(100).optional(),
});
export type CommandStreamQuery = z.input<typeof CommandStreamQuery>;

/** A command came to another state, or was asked. */
export const CommandChange = z
  .object({
    time: Time.describe('when it came to its state'),
    before: z.enum(COMMAND_STATES).nullable().describe('its state until then; null: it is new; the same: a late answer'),
    command: Command,
  })
  .meta({ id: 'CommandChange' });
export type CommandChange = z.infer<typeof CommandChange>;

/** What the hub sends on the stream of commands, one JSON object per WebSocket text message. */
export const CommandStreamMessage = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('hello'), time: Time }),
    z.object({ type: z.literal('changes'), changes: z.array(CommandChange) }),
    z.object({ type: z.literal('gap'), dropped: z.number().int().describe('changes that this subscriber was too slow for'), from: Time, to: Time }),
    z.object({ type: z.literal('bye'), code: z.string(), reason: z.string() }),
  ])
  .meta({ id: 'CommandStreamMessage' });
export type CommandStreamMessage = z.infer<typeof CommandStreamMessage>;

export const CommandShowQuery = z.object({ wait: WaitMs.default(0).describe('ms to wait until it is settled') });

export const CommandFetchQuery = z.object({
  wait: WaitMs.default(0).describe('ms to wait until there is one'),
  after: CommandIdText.optional().describe('only those asked after the command with this id'),
});

/** A command as a device gets it. */
export const DeviceCommand = z
  .object({
    id: CommandIdText,
    kind: z.enum(COMMAND_KINDS),
    ts: Time.describe('when it was asked'),
    expiresAt: Time.describe('until when it is worth doing'),
    values: Value.optional().describe('of a set: what is wanted, by point'),
    name: z.string().nullable().optional().describe('of a call'),
    args: Value.optional().describe('of a call'),
    version: z.number().int().nullable().optional().describe('of a configuration'),
    config: Value.optional().describe('of a configuration'),
    rule: Name.optional().describe('the rule that asks, if one does'),
  })
  .meta({ id: 'DeviceCommand' });
export type DeviceCommand = z.infer<typeof DeviceCommand>;

export const DeviceCommands = z.object({ items: z.array(DeviceCommand), time: Time.describe('of the hub') });

export const CommandResult = z.object({
  state: z.enum(COMMAND_ANSWERS),
  reason: Text(1_000).nullish(),
  result: Value.optional(),
});
export type CommandResult = z.input<typeof CommandResult>;
