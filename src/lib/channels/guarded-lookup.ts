import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ChannelError, type TargetGuard } from './channel.ts';

/**
 * For `net.connect` and what builds on it: names are resolved, and addresses where the hub may not connect to are left out. What is checked is what is
 * connected to, so that a name which answers differently the second time gains nothing. An address given as such is not looked up: ask `refuseAddress`.
 */
export function guardedLookup(guard: TargetGuard): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const allowed = addresses.filter(({ address }) => guard.refusal(address) === null);
      const [first] = allowed;
      if (first === undefined) return callback(refused(hostname, addresses, guard), '', 0);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** Throws ChannelError when the host of a URL or setting is an address where the hub may not connect to. */
export function refuseAddress(host: string, guard: TargetGuard): void {
  const address = host.startsWith('[') ? host.slice(1, -1) : host;
  const refusal = isIP(address) === 0 ? null : guard.refusal(address);
  if (refusal !== null) throw new ChannelError(`the hub may not connect there: ${refusal}`, false);
}

function refused(hostname: string, addresses: readonly LookupAddress[], guard: TargetGuard): ChannelError {
  const reasons = addresses.map(({ address }) => guard.refusal(address)).filter((reason) => reason !== null);
  return new ChannelError(`the hub may not connect to ${hostname}: ${reasons[0] ?? 'it has no address'}`, false);
}
