/** What alarm changes may be told together by; `label:NAME` besides. */
export const GROUP_PARTS = ['rule', 'device', 'parent', 'group', 'severity', 'all'] as const;
