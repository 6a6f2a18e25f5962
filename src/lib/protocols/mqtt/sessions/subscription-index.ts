import { TopicTree } from '../topic-tree.ts';
import { roomOf, type Session, type Subscriber } from './session.ts';

/** The members of one `$share/<name>/<filter>` of one tenant. */
export interface SharedGroup {
  readonly members: Subscriber[];
  /** Where the round begins next time. */
  next: number;
}

/** Who listens to a topic. */
export interface Audience {
  readonly plain: readonly Subscriber[];
  readonly shared: readonly SharedGroup[];
}

/** Subscriptions of all sessions, by topic filter. */
export class SubscriptionIndex {
  readonly #plain = new TopicTree<Session, Subscriber>();
  readonly #shared = new TopicTree<string, SharedGroup>();
  readonly #groups = new Map<string, SharedGroup>();
  /** Grows with every change: what was found before is stale then. */
  generation = 0;
  sharedMembers = 0;

  get size(): number {
    return this.#plain.size + this.sharedMembers;
  }

  /** Replaces the subscription of the same session with the same filter. */
  add(subscriber: Subscriber): void {
    subscriber.since = ++this.generation;
    const { session, shareName, topicFilter } = subscriber;
    if (shareName === null) {
      this.#plain.add(topicFilter, session, subscriber);
      return;
    }
    const key = groupKey(session, shareName);
    const id = `${key}/${topicFilter}`;
    let group = this.#groups.get(id);
    if (!group) {
      group = { members: [], next: 0 };
      this.#groups.set(id, group);
      this.#shared.add(topicFilter, key, group);
    }
    const index = group.members.findIndex((member) => member.session === session);
    if (index >= 0) group.members[index] = subscriber;
    else {
      group.members.push(subscriber);
      this.sharedMembers++;
    }
  }

  remove({ session, shareName, topicFilter }: Subscriber): void {
    this.generation++;
    if (shareName === null) {
      this.#plain.remove(topicFilter, session);
      return;
    }
    const key = groupKey(session, shareName);
    const id = `${key}/${topicFilter}`;
    const group = this.#groups.get(id);
    const index = group?.members.findIndex((member) => member.session === session) ?? -1;
    if (!group || index < 0) return;
    group.members.splice(index, 1);
    this.sharedMembers--;
    if (group.members.length > 0) return;
    this.#groups.delete(id);
    this.#shared.remove(topicFilter, key);
  }

  /** null: nobody. */
  match(topic: string): Audience | null {
    const plain = this.#plain.match(topic);
    const shared = this.#shared.match(topic);
    return plain.length === 0 && shared.length === 0 ? null : { plain, shared };
  }
}

/** Share names hold no slash, project names neither. */
function groupKey(session: Session, shareName: string): string {
  return `${roomOf(session.principal)}/${shareName}`;
}
