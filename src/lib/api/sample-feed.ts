import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principal.ts';
import type { Device } from '../domain/device.ts';
import type { DeviceId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { type PointFilter, type PointMatcher, pointMatcher } from '../stream/filter.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import { StreamQuery } from './schema/samples.ts';
import { filterOf } from './select-points.ts';
import { type Feed, readQuery, STREAM_MESSAGE_BYTES_MAX } from './stream-socket.ts';

const SAMPLES_PER_MESSAGE = 500;

/** The samples that a request for the stream asks for. Throws invalid, not_found, not_allowed. */
export function subscribeToSamples(
  { fleet, directory, stream }: { readonly fleet: Fleet; readonly directory: Pick<Directory, 'groupsOf'>; readonly stream: LiveStream },
  request: IncomingMessage,
  principal: Exclude<Principal, { kind: 'open' }>,
  onReady: () => void,
): Feed {
  const filter = filterOf(principal.project, readQuery(request, StreamQuery), (id) => fleet.device(principal.project, id), directory);
  const matches = principal.kind === 'device' ? ownMatcher(principal.id, filter, fleet) : pointMatcher(filter);
  const subscription = stream.subscribe(matches, onReady);
  return {
    take() {
      const message = subscription.take(SAMPLES_PER_MESSAGE, STREAM_MESSAGE_BYTES_MAX);
      return message === null ? null : JSON.stringify(message);
    },
    close: () => subscription.close(),
  };
}

/** A device watches itself and the devices behind it, as they are at the moment. */
function ownMatcher(watcher: DeviceId, filter: PointFilter, fleet: Fleet): PointMatcher {
  const isOwn = (device: Device) => device.id === watcher || device.parent === watcher;
  for (const id of filter.devices ?? []) {
    if (!isOwn(fleet.device(filter.project, id).device)) throw new MusterError('not_allowed', `${watcher} may not watch ${id}`);
  }
  const matches = pointMatcher(filter);
  return (point, device) => isOwn(device) && matches(point, device);
}
