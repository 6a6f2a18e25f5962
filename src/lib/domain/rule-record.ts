import type { ProjectId, RuleId } from './ids.ts';
import type { JsonValue } from './value.ts';

/** A rule as it is stored: the document as the user wrote it, and its version, which grows with each change. */
export interface RuleRecord {
  readonly id: RuleId;
  readonly project: ProjectId;
  readonly version: number;
  readonly enabled: boolean;
  readonly document: { readonly [name: string]: JsonValue };
  /** When this version was made, ms since 1970, and by whom. */
  readonly createdAt: number;
  readonly createdBy: string;
}

/** Work on some devices is announced: their alarms are suppressed meanwhile. Half-open, ms since 1970. */
export interface MaintenanceWindow {
  /** uuid v7 */
  readonly id: string;
  readonly project: ProjectId;
  /** As the scope of a rule. */
  readonly scope: { readonly [name: string]: JsonValue };
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly createdAt: number;
  readonly createdBy: string;
}
