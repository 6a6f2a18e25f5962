import { BlockList, isIPv6 } from 'node:net';
import type { TargetGuard } from './channel.ts';

type TargetName = 'public' | 'private' | 'loopback' | 'link-local';

const NETWORKS: Readonly<Record<Exclude<TargetName, 'public'>, readonly string[]>> = {
  // 0.0.0.0 and :: reach this host too.
  loopback: ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'],
  // RFC 1918, RFC 6598, RFC 4193, RFC 2544, and the deprecated site-local addresses.
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7', 'fec0::/10'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
};
/** Where clouds answer whoever runs on a machine, with its credentials. Some of them look public or private. */
const METADATA = [
  '169.254.169.254/32',
  '169.254.170.2/32',
  '169.254.170.23/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  '168.63.129.16/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
];
/** Teredo (RFC 4380), and the translation prefix that each network uses as it likes (RFC 8215): where they end cannot be seen. */
const TUNNELS = ['2001::/32', '64:ff9b:1::/48'];
/** Multicast, broadcast, documentation, reserved. */
const NOWHERE = [
  '224.0.0.0/4',
  '240.0.0.0/4',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  'ff00::/8',
  '100::/64',
  '2001:db8::/32',
  ...TUNNELS,
];

/**
 * A hub sends where its users tell it to, so it must not become their way into places that only the hub can reach. `allowed`: public, private, loopback, link-local, and
 * networks (config/targets.ts has checked them). Metadata services of clouds are allowed by a network alone, never by a name.
 */
export function createTargetGuard(allowed: readonly string[]): TargetGuard {
  const named = new Set(allowed);
  const lists = {
    loopback: listOf(NETWORKS.loopback),
    private: listOf(NETWORKS.private),
    'link-local': listOf(NETWORKS['link-local']),
  };
  const metadata = listOf(METADATA);
  const nowhere = listOf(NOWHERE);
  const networks = listOf(allowed.filter((one) => one.includes('/')));
  return {
    refusal(given) {
      const address = plainAddress(given);
      if (holds(networks, address)) return null;
      if (holds(metadata, address)) return `${given} is a metadata service of a cloud`;
      if (holds(nowhere, address)) return `${given} is not the address of a host`;
      for (const name of ['loopback', 'private', 'link-local'] as const) {
        if (holds(lists[name], address)) return named.has(name) ? null : `${given} is a ${name} address, and notifications.targets does not allow those`;
      }
      return named.has('public') ? null : `${given} is a public address, and notifications.targets does not allow those`;
    },
  };
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}

function holds(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** The IPv4 address inside of an IPv6 one that stands for it: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function plainAddress(given: string): string {
  const address = given.split('%', 1)[0] ?? given;
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  const [first = 0, second = 0, third = 0] = groups;
  const leading = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  if (leading(5) && groups[5] === 0xffff) return dotted(groups[6] ?? 0, groups[7] ?? 0);
  // ::ffff:0:a.b.c.d, translated (RFC 2765).
  if (leading(4) && groups[4] === 0xffff && groups[5] === 0) return dotted(groups[6] ?? 0, groups[7] ?? 0);
  // ::a.b.c.d, deprecated; :: and ::1 are themselves.
  if (leading(6) && ((groups[6] ?? 0) !== 0 || (groups[7] ?? 0) > 1)) return dotted(groups[6] ?? 0, groups[7] ?? 0);
  if (first === 0x64 && second === 0xff9b && third === 0) return dotted(groups[6] ?? 0, groups[7] ?? 0);
  if (first === 0x2002) return dotted(second, third);
  return address;
}

function dotted(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const text = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => {
    const group = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16);
    return `${group(a, b)}:${group(c, d)}`;
  });
  const [head = '', tail] = text.split('::');
  const read = (part: string | undefined): number[] => (part === undefined || part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = read(head);
  const after = read(tail);
  return tail === undefined ? before : [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
