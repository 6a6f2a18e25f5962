import { expect, it } from 'vitest';
import { createTargetGuard } from '../../../src/lib/channels/target-guard.ts';

const allows = (allowed: readonly string[], address: string): boolean => createTargetGuard(allowed).refusal(address) === null;

it.each([
  ['93.184.216.34', 'public'],
  ['2606:2800:220:1::1', 'public'],
  ['10.1.2.3', 'private'],
  ['172.31.0.1', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.1.1', 'private'],
  ['fd00::1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'loopback'],
  ['::1', 'loopback'],
  ['::', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::ffff:10.0.0.1', 'private'],
  ['64:ff9b::127.0.0.1', 'loopback'],
  ['64:ff9b::a00:1', 'private'],
  ['2002:7f00:1::', 'loopback'],
  ['2002:a00:1::', 'private'],
  ['169.254.1.1', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
])('%s is %s', (address, name) => {
  const others = ['public', 'private', 'loopback', 'link-local'].filter((other) => other !== name);
  expect(allows([name], address)).toBe(true);
  expect(allows(others, address)).toBe(false);
});

it('metadata services of clouds are allowed by a network alone', () => {
  const all = ['public', 'private', 'loopback', 'link-local'];
  for (const address of ['169.254.169.254', '100.100.100.200', '168.63.129.16', 'fd00:ec2::254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe']) {
    expect([address, allows(all, address)]).toEqual([address, false]);
  }
  expect(allows(['169.254.169.254/32'], '169.254.169.254')).toBe(true);
});

it('what is no host is allowed by no name, and a network is allowed as it stands', () => {
  for (const address of ['224.0.0.1', '255.255.255.255', 'ff02::1']) expect(allows(['public', 'private', 'loopback', 'link-local'], address)).toBe(false);
  expect(allows(['10.1.0.0/16'], '10.1.255.1')).toBe(true);
  expect(allows(['10.1.0.0/16'], '10.2.0.1')).toBe(false);
  expect(allows([], '93.184.216.34')).toBe(false);
});

it.each([
  ['::ffff:0:127.0.0.1', 'loopback'],
  ['::ffff:0:a00:1', 'private'],
  ['::2', 'loopback'],
  ['::127.0.0.1', 'loopback'],
])('%s stands for a %s address', (address, name) => {
  expect(allows([name], address)).toBe(true);
  expect(allows(['public'], address)).toBe(false);
});

it('tunnels are no way around: where they end cannot be seen', () => {
  for (const address of ['2001:0:7f00:1::80ff:fffe', '64:ff9b:1:7f00:0:100::', '64:ff9b:1::127.0.0.1'])
    expect([address, allows(['public', 'private', 'loopback', 'link-local'], address)]).toEqual([address, false]);
});
