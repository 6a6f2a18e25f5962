import { Flags } from '@oclif/core';
import type { Column } from '../lib/cli/column.ts';
import { forgetToken, readContexts } from '../lib/cli/contexts.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { MusterError } from '../lib/errors/muster-error.ts';

interface LoggedOut {
  readonly url: string;
  readonly context: string | null;
  /** By this command or before it. */
  readonly revoked: boolean;
}

const COLUMNS: readonly Column<LoggedOut>[] = [
  { name: 'url', value: (row) => row.url },
  { name: 'context', value: (row) => row.context },
  { name: 'revoked', value: (row) => row.revoked },
];

export default class Logout extends HubCommand<typeof Logout> {
  static override summary = 'Revoke the token in use, and forget it';
  static override description = 'The context stays, without its token. With --local the hub is not asked, and the token stays valid there until it expires.';
  static override examples = ['<%= config.bin %> logout', '<%= config.bin %> logout --context ci', '<%= config.bin %> logout --local'];
  static override flags = {
    local: Flags.boolean({ summary: 'Forget the token here, and do not revoke it' }),
  };

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const target = this.target();
    if (target.token === null) throw new MusterError('not_logged_in', 'Nobody is logged in.');
    if (!this.flags.local) {
      const hub = await this.hub();
      try {
        await hub.sessions.end();
      } catch (error: unknown) {
        // A token that the hub does not know any more is as good as revoked.
        if (!(error instanceof MusterError) || error.code !== 'not_logged_in') throw error;
      }
    }
    const kept = readContexts().contexts.find((context) => context.name === target.context);
    if (kept?.token === target.token) await forgetToken(kept.name);
    await this.printDone(`Logged out of ${target.url}.`, { url: target.url, context: target.context, revoked: !this.flags.local }, COLUMNS);
  }
}
