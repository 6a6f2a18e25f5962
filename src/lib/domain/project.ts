import type { ProjectId } from './ids.ts';

/** The tenant. Everything but a project belongs to one. */
export interface Project {
  readonly id: ProjectId;
  readonly description: string | null;
  readonly createdAt: number;
}
