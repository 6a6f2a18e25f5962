import type { ProjectId } from './ids.ts';
import type { Retention } from './retention.ts';

/** The tenant. Everything but a project belongs to one. */
export interface Project {
  readonly id: ProjectId;
  readonly description: string | null;
  readonly createdAt: number;
  /** How long its samples are kept; null: as the hub's setting says. */
  readonly retention: Retention | null;
}
