import { normalizeHubUrl } from '../client/hub-url.ts';
import { isName } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Context, Contexts } from './contexts.ts';

/** What the command line says about the hub. */
export interface TargetFlags {
  readonly context?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly project?: string | undefined;
}

/** The hub that a command talks to. */
export interface HubTarget {
  readonly url: string;
  readonly token: string | null;
  /** The hub refuses a token of another. */
  readonly project: string | null;
  readonly ca: string | null;
  /** The context that the URL comes from. */
  readonly context: string | null;
  readonly readOnly: boolean;
}

/**
 * Flags, then MUSTER_URL, MUSTER_TOKEN and MUSTER_PROJECT, then the context. A context's token, CA and protection go with its own
 * URL alone: another URL never gets to see them.
 */
export function resolveTarget(flags: TargetFlags, env: NodeJS.ProcessEnv, readContexts: () => Contexts): HubTarget {
  const givenUrl = flags.url ?? nonEmpty(env.MUSTER_URL);
  const givenToken = flags.token ?? nonEmpty(env.MUSTER_TOKEN);
  const givenProject = flags.project ?? nonEmpty(env.MUSTER_PROJECT);
  const context = chooseContext(flags.context, readContexts());
  const url = givenUrl === undefined ? context?.url : normalizeHubUrl(givenUrl);
  if (url === undefined) throw new MusterError('no_context', 'No hub is chosen.');
  const own = context !== null && normalizeHubUrl(context.url) === normalizeHubUrl(url) ? context : null;
  const token = givenToken ?? own?.token ?? null;
  // They travel in headers, which hold nothing else; a token that was cut or mistyped is the usual reason.
  if (token !== null && !HEADER_TEXT.test(token)) {
    throw new MusterError('not_logged_in', 'The token holds characters that no token has.', { hint: 'Copy it again, without spaces and line breaks.' });
  }
  if (givenProject !== undefined && !isName(givenProject))
    throw new MusterError('invalid_name', `\`${givenProject.slice(0, 60)}\` is not the name of a project.`);
  // --context names what to protect, whatever else is given.
  const named = flags.context === undefined ? own : context;
  return {
    url,
    token,
    // The project of a context says nothing about another token.
    project: givenProject ?? (givenToken === undefined ? (own?.project ?? null) : null),
    ca: own?.ca ?? null,
    context: own?.name ?? null,
    readOnly: named?.readOnly ?? false,
  };
}

const HEADER_TEXT = /^[\x21-\x7e]*$/;

function chooseContext(name: string | undefined, contexts: Contexts): Context | null {
  const wanted = name ?? contexts.current;
  const context = contexts.contexts.find((candidate) => candidate.name === wanted);
  if (context) return context;
  if (name === undefined) return null;
  throw new MusterError('not_found', `There is no context ${name}.`, {
    hint:
      contexts.contexts.length === 0
        ? 'There is none yet: `muster login --url URL` makes one.'
        : `There are: ${contexts.contexts.map((one) => one.name).join(', ')}.`,
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
