import { Readable } from 'node:stream';
import type { BacktestProgress, Backtests, TriedRule } from '../../backtest/backtest.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { JsonValue } from '../../domain/value.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Rules } from '../../supervision/supervision.ts';
import { asMusterError, problemOf } from '../problem.ts';
import { type Route, route } from '../route.ts';
import { BacktestLine, BacktestRequest, type TriedRule as WireRule } from '../schema/backtests.ts';

export interface BacktestPorts {
  readonly backtests: Backtests;
  readonly rules: Pick<Rules, 'get' | 'versions'>;
}

/** A line so often at most. */
const PROGRESS_MS = 500;
/** And at least: a client that hears nothing thinks that the hub is gone. */
const ALIVE_MS = 5_000;

export function backtestRoutes({ backtests, rules }: BacktestPorts): Route[] {
  return [
    route({
      method: 'POST',
      path: '/rules/backtest',
      tag: 'rules',
      summary: 'Try one or two rules on stored samples',
      description:
        'The answer is NDJSON: lines of `progress`, and as the last one `result`, or `failed` with a problem. What is wrong with the request is a problem with its status. Going away ends the work. `sample:read` is needed as well.',
      permission: 'rule:read',
      alsoNeeds: 'sample:read',
      body: BacktestRequest,
      responses: { 200: BacktestLine },
      async handle({ body, project, signal }) {
        const tried = await Promise.all(body.rules.map((one) => triedRule(rules, project, one)));
        const [first, second] = tried;
        if (first === undefined) throw new MusterError('invalid', 'there is no rule to try');
        const lines = createLines();
        const outcome = backtests.run(
          {
            project,
            rules: second === undefined ? [first] : [first, second],
            from: body.from,
            to: body.to ?? Number.MAX_SAFE_INTEGER,
            devices: body.devices ?? null,
            points: body.points ?? null,
            late: body.late,
            parts: body.parts,
            occurrencesMax: body.occurrences,
            subjectsMax: body.subjects,
          },
          signal,
          lines.progress,
        );
        // What fails before anything was read has a status of its own.
        try {
          await Promise.race([outcome, lines.begun]);
        } catch (error: unknown) {
          lines.stream.destroy();
          throw error;
        }
        outcome.then(
          (result) => lines.end({ kind: 'result', result } as BacktestLine),
          (error: unknown) => lines.end({ kind: 'failed', problem: problemOf(asMusterError(error)) }),
        );
        return { status: 200, stream: lines.stream, headers: { 'content-type': 'application/x-ndjson; charset=utf-8' } };
      },
    }),
  ];
}

async function triedRule(rules: BacktestPorts['rules'], project: ProjectId, { rule, version, document }: WireRule): Promise<TriedRule> {
  if (rule === undefined) return { version: null, document: (document ?? null) as JsonValue };
  const record = version === undefined ? rules.get(project, rule) : (await rules.versions(project, rule)).find((one) => one.version === version);
  if (record === undefined)
    throw new MusterError('not_found', `the rule ${rule} has no version ${version}`, { hint: `List them with \`muster rule show ${rule} --versions\`.` });
  return { version: record.version, document: record.document };
}

function createLines() {
  const stream = new Readable({ read: () => undefined });
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let saidAt = 0;
  let newest: BacktestProgress | null = null;
  const say = (line: BacktestLine): void => void (stream.destroyed || stream.push(`${JSON.stringify(line)}\n`));
  const sayProgress = (): void => {
    if (newest === null) return;
    saidAt = performance.now();
    say({ kind: 'progress', progress: { ...newest, occurrences: [...newest.occurrences] } });
  };
  const alive = setInterval(sayProgress, ALIVE_MS);
  stream.once('close', () => clearInterval(alive));
  return {
    stream,
    begun,
    progress(progress: BacktestProgress): void {
      newest = progress;
      begin();
      if (performance.now() - saidAt >= PROGRESS_MS) sayProgress();
    },
    end(line: BacktestLine): void {
      clearInterval(alive);
      say(line);
      if (!stream.destroyed) stream.push(null);
    },
  };
}
