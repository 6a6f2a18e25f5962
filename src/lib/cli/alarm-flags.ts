import { Flags } from '@oclif/core';
import { DISPLAY_STATES } from '../alarms/state/display-state.ts';
import type { AlarmFilter } from '../api/schema/alarms.ts';
import { ALARM_ORIGINS } from '../domain/alarm.ts';
import { readSeverities, SEVERITY_RULE } from '../domain/severity.ts';
import { MusterError } from '../errors/muster-error.ts';
import { filterFlag } from './flags.ts';

const repeats = { multiple: true, multipleNonGreedy: true } as const;

const severityFlag = Flags.custom<string>({
  helpValue: '<severity[+]>',
  parse: async (input, _, options) => {
    if (readSeverities(input) === null || input.endsWith(' '))
      throw new MusterError('usage', `--${options.name} \`${input}\` is not a severity.`, { hint: `Give ${SEVERITY_RULE}.`, details: { flag: options.name } });
    return input;
  },
});

/** What an alarm is of, which does not change while it lives. */
export const alarmScopeFlags = {
  severity: severityFlag({ summary: 'Of this severity; with + of it and all that are worse; repeats', ...repeats }),
  rule: filterFlag({ summary: 'Of this rule; repeats', helpValue: '<rule>', ...repeats }),
  device: filterFlag({ summary: 'Of this device, by id or alias; repeats', helpValue: '<device>', ...repeats }),
  point: filterFlag({ summary: 'Of these points; * stands for any text; repeats', helpValue: '<path>', ...repeats }),
  label: filterFlag({ summary: 'With this label of the alarm or its device, or this value of it; all must hold', helpValue: '<name[=value]>', ...repeats }),
  type: filterFlag({ summary: 'Of devices of this type; repeats', helpValue: '<type>', ...repeats }),
  group: filterFlag({ summary: 'In this group or below it; repeats', helpValue: '<path>', ...repeats }),
  origin: Flags.option({ summary: 'Found by the hub or by a gateway', options: ALARM_ORIGINS })(),
};

export const alarmFilterFlags = {
  ...alarmScopeFlags,
  state: Flags.option({ summary: 'In this state; repeats', options: DISPLAY_STATES, ...repeats })(),
  active: Flags.boolean({ summary: 'Whose condition holds; --no-active for those where it does not any more', allowNo: true }),
  acked: Flags.boolean({ summary: 'Acknowledged; --no-acked for those that are not', allowNo: true }),
  text: filterFlag({ summary: 'With this in message, explanation, rule, device or point', helpValue: '<text>' }),
  assignee: filterFlag({ summary: 'Assigned to this person', helpValue: '<name>', exclusive: ['unassigned'] }),
  unassigned: Flags.boolean({ summary: 'Assigned to nobody', exclusive: ['assignee'] }),
};

type Given<Name extends keyof AlarmFilter> = AlarmFilter[Name] | undefined;

export interface AlarmScopeGiven {
  readonly severity?: Given<'severity'>;
  readonly rule?: Given<'rule'>;
  readonly device?: Given<'device'>;
  readonly point?: Given<'point'>;
  readonly label?: Given<'label'>;
  readonly type?: Given<'type'>;
  readonly group?: Given<'group'>;
  readonly origin?: Given<'origin'>;
}

export interface AlarmFilterGiven extends AlarmScopeGiven {
  readonly state?: Given<'state'>;
  readonly active?: boolean | undefined;
  readonly acked?: boolean | undefined;
  readonly text?: string | undefined;
  readonly assignee?: string | undefined;
  readonly unassigned?: boolean | undefined;
}

/** Without what was not given. */
export function alarmScopeOf({ severity, rule, device, point, label, type, group, origin }: AlarmScopeGiven): AlarmFilter {
  return present({ severity, rule, device, point, label, type, group, origin });
}

export function alarmFilterOf(flags: AlarmFilterGiven): AlarmFilter {
  const { state, active, acked, text, assignee, unassigned } = flags;
  return {
    ...alarmScopeOf(flags),
    ...present({ state, active: yesNo(active), acked: yesNo(acked), text, assignee: unassigned ? '' : assignee }),
  };
}

function yesNo(value: boolean | undefined): 'true' | 'false' | undefined {
  return value === undefined ? undefined : value ? 'true' : 'false';
}

function present(filter: { readonly [Name in keyof AlarmFilter]: Given<Name> }): AlarmFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as AlarmFilter;
}
