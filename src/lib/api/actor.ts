import type { Principal } from '../access/principal.ts';
import type { Actor } from '../domain/event.ts';

/** Who did it, as the journal of events names them. */
export function actorOf(principal: Principal): Actor {
  switch (principal.kind) {
    case 'user':
      return `user:${principal.name}`;
    case 'token':
      return `token:${principal.name}`;
    case 'device':
      return `device:${principal.id}`;
    case 'claim':
      return `claim:${principal.id}`;
    case 'open':
      return 'hub';
  }
}
