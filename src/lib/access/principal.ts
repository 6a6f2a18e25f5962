import type { ClaimId, DeviceId, ProjectId } from '../domain/ids.ts';
import type { Role } from './roles.ts';

/** Who acts. `open` is any client of a hub in `--mqtt-open` mode. */
export type Principal =
  | { readonly kind: 'user'; readonly id: string; readonly name: string; readonly project: ProjectId; readonly role: Role; readonly token: string | null }
  | { readonly kind: 'token'; readonly id: string; readonly name: string; readonly project: ProjectId; readonly role: Role }
  | {
      readonly kind: 'device';
      readonly id: DeviceId;
      readonly project: ProjectId;
      /** The token that it came with, by its id; absent: it came with something else. */
      readonly credential?: string;
    }
  /** A device that has no identity yet and may ask for one, and nothing more (domain/claim.ts). */
  | { readonly kind: 'claim'; readonly id: ClaimId; readonly project: ProjectId }
  | { readonly kind: 'open' };

/** What is acted upon. A resource without a device is the project's collection of that kind. */
export interface Resource {
  readonly project: ProjectId;
  readonly device?: DeviceId;
  /** The gateway of that device. */
  readonly parent?: DeviceId | null;
}
