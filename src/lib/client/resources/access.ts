import type { LoginResponse, Project, Token, TokenCreate, TokenCreated, User, UserCreate, UserCreated, UserUpdate, Whoami } from '../../api/schema/access.ts';
import type { Connection, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface AccessResources {
  whoami(): Promise<Whoami>;
  readonly sessions: { create(user: string, password: string): Promise<LoginResponse>; end(): Promise<void> };
  readonly projects: { list(options?: ListOptions): AsyncGenerator<Project> };
  readonly tokens: { list(options?: ListOptions): AsyncGenerator<Token>; create(token: TokenCreate): Promise<TokenCreated>; revoke(id: string): Promise<void> };
  readonly users: {
    list(options?: ListOptions): AsyncGenerator<User>;
    create(user: UserCreate): Promise<UserCreated>;
    update(name: string, change: UserUpdate): Promise<User>;
    remove(name: string): Promise<void>;
  };
}

export function accessResources(connection: Connection): AccessResources {
  return {
    whoami: () => connection.request('GET', '/whoami'),
    sessions: {
      create: (user, password) => connection.request('POST', '/sessions', { body: { user, password } }),
      end: () => connection.request('DELETE', '/sessions/current'),
    },
    projects: { list: (list) => connection.pages('/projects', {}, list) },
    tokens: {
      list: (list) => connection.pages('/tokens', {}, list),
      create: (body) => connection.request('POST', '/tokens', { body }),
      revoke: (id) => connection.request('DELETE', pathOf('tokens', id)),
    },
    users: {
      list: (list) => connection.pages('/users', {}, list),
      create: (body) => connection.request('POST', '/users', { body }),
      update: (name, body) => connection.request('PATCH', pathOf('users', name), { body }),
      remove: (name) => connection.request('DELETE', pathOf('users', name)),
    },
  };
}
