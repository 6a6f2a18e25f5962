/**
 * Every error that Muster reports on purpose: its stable code, the exit code of a command and the
 * HTTP status of a route. docs/reference/errors.md is generated from this list.
 */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  conflict: 5,
  unreachable: 6,
  partial: 7,
  threshold: 99,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface Entry {
  readonly exit: ExitCode;
  readonly status: number;
  /** What it means, for the reference. */
  readonly meaning: string;
  /** What to do, when the place that raises it has nothing better to say. */
  readonly hint: string;
}

export const CATALOGUE = {
  internal: { exit: 1, status: 500, meaning: 'Something in Muster went wrong.', hint: 'Look into the log of the hub and report it with its code.' },
  storage_failed: {
    exit: 1,
    status: 503,
    meaning: 'The hub could not write to its disk.',
    hint: 'Check the free space and the health of the disk below the data directory.',
  },
  overloaded: { exit: 1, status: 503, meaning: 'A queue of the hub is full.', hint: 'Try again in a few seconds; send less, or in larger messages.' },
  rate_limited: {
    exit: 1,
    status: 429,
    meaning: 'More messages or values than the limit of the device or project allows.',
    hint: 'Send less, or in larger messages; wait as long as Retry-After says; `muster device show` has rates and limits.',
  },
  disk_full: {
    exit: 1,
    status: 507,
    meaning: 'The disk of the hub has too little room; it takes nothing new and goes on answering questions.',
    hint: 'Make room on the disk, or delete devices or old samples; the hub goes on by itself. See storage.free-disk-bytes-min.',
  },
  stopping: { exit: 6, status: 503, meaning: 'The hub is stopping.', hint: 'Try again when it is back.' },
  usage: { exit: 2, status: 400, meaning: 'The command line is wrong.', hint: 'Run the command with --help.' },
  invalid: { exit: 2, status: 400, meaning: 'A value is missing or malformed.', hint: 'Correct the field that the message names.' },
  invalid_settings: {
    exit: 2,
    status: 400,
    meaning: 'The settings of the hub are wrong.',
    hint: 'Run `muster settings validate` to see all problems at once.',
  },
  invalid_name: { exit: 2, status: 400, meaning: 'A name breaks the rule for names.', hint: 'Use letters, digits and . _ : - only.' },
  payload_too_large: {
    exit: 2,
    status: 413,
    meaning: 'A request or message is larger than the hub takes.',
    hint: 'Send less at once, or raise limits.payload-bytes-max.',
  },
  unsupported_media_type: {
    exit: 2,
    status: 415,
    meaning: 'The hub does not know the content type.',
    hint: 'Send application/json or application/senml+json.',
  },
  undecodable: { exit: 2, status: 422, meaning: 'A payload could not be decoded.', hint: 'Compare it with the three JSON shapes in docs/start/report.md.' },
  idempotency_key_reused: {
    exit: 2,
    status: 422,
    meaning: 'The Idempotency-Key was used before, with another body.',
    hint: 'Make a new key for each request; send the same only to repeat one.',
  },
  rejected: { exit: 1, status: 422, meaning: 'No value of a report was accepted.', hint: 'The reasons are listed; `muster device rejects` shows them again.' },
  command_rejected: {
    exit: 1,
    status: 422,
    meaning: 'The device rejected what it was asked.',
    hint: 'The reason is the device’s own; `muster command show` has it again.',
  },
  command_expired: {
    exit: 6,
    status: 504,
    meaning: 'The device did not do what it was asked in time.',
    hint: 'Look whether it is there (`muster device show`), and ask again; --expires gives it more time.',
  },
  command_cancelled: {
    exit: 5,
    status: 409,
    meaning: 'What was asked of the device was taken back, or something newer took its place.',
    hint: 'Look with `muster command list --device` who asked what.',
  },
  not_found: { exit: 3, status: 404, meaning: 'There is no such thing in this project.', hint: 'List what there is with the `list` command of the same noun.' },
  no_context: { exit: 4, status: 401, meaning: 'No hub is chosen.', hint: 'Start one with `muster serve`, or run `muster login --url URL`.' },
  not_logged_in: { exit: 4, status: 401, meaning: 'The credentials are missing, wrong, expired or revoked.', hint: 'Run `muster login`.' },
  not_allowed: { exit: 4, status: 403, meaning: 'The role does not carry the permission.', hint: 'Ask an administrator of the project.' },
  read_only_context: { exit: 4, status: 403, meaning: 'The context is read-only.', hint: 'Use another context, or add it again without --read-only.' },
  locked_out: { exit: 4, status: 429, meaning: 'Too many wrong passwords or tokens.', hint: 'Wait for the time that the message names.' },
  conflict: { exit: 5, status: 409, meaning: 'It exists already, or changed in the meantime.', hint: 'Choose another name, or look at what is there first.' },
  in_use: { exit: 5, status: 409, meaning: 'Something else still depends on it.', hint: 'Remove what the message names first.' },
  hub_running: { exit: 5, status: 409, meaning: 'Another hub runs on the same data directory.', hint: 'Stop it, or start this one with another --data.' },
  address_in_use: { exit: 5, status: 409, meaning: 'Another program listens on the port.', hint: 'Choose another port; 0 takes a free one.' },
  limit_reached: {
    exit: 5,
    status: 429,
    meaning: 'A limit of the hub or project is reached.',
    hint: 'Remove what is not needed, or raise the limit that the message names.',
  },
  unreachable: { exit: 6, status: 502, meaning: 'The hub does not answer.', hint: 'Check that it runs (`muster doctor`) and that the URL is right.' },
  timed_out: { exit: 6, status: 504, meaning: 'The hub did not answer in time.', hint: 'Try again, or raise --timeout.' },
  partly_failed: { exit: 7, status: 207, meaning: 'Some of several things failed.', hint: 'The failed ones are listed.' },
  undelivered: {
    exit: 1,
    status: 502,
    meaning: 'The receiver of a notification did not take it.',
    hint: 'The message has what it answered; `muster channel show` has where it was sent to.',
  },
  threshold: { exit: 99, status: 200, meaning: 'An assertion or threshold does not hold.', hint: 'Look at the figures that the message names.' },
  interrupted: { exit: 130, status: 499, meaning: 'The command was interrupted.', hint: 'Run it again; what is resumable says so.' },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof CATALOGUE;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CATALOGUE, code);
}
