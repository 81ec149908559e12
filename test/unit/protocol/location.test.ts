import { describe, expect, it } from 'vitest';
import { openAddressWarning } from '../../../lib/daemon/options/open-address.js';
import {
  allInterfaces,
  isLoopbackAddress,
  isLoopbackHost,
  isLoopbackLocation,
  plainAddress,
  socketAddressOf,
  tcpLocation,
  withoutBrackets,
} from '../../../lib/protocol/location.js';

const LOOPBACK_ADDRESSES = ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'];
const OTHER_HOSTS = [
  '127.evil.example',
  '127.0.0.1.evil.example',
  '127.1',
  'localhost.evil.example',
  'evil.localhost.example',
  '::ffff:192.0.2.7',
  '::ffff:127.evil.example',
  '192.0.2.127',
  '0.0.0.0',
  '::',
  '::2',
  '2001:db8::1',
  '',
  '[',
];

describe('the rule which hosts are this machine', () => {
  it.each(LOOPBACK_ADDRESSES)('the address %s is one of the loopback', (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
    expect(isLoopbackHost(address)).toBe(true);
    expect(isLoopbackHost(`[${address}]`)).toBe(true);
    expect(isLoopbackLocation(tcpLocation(address, 9090))).toBe(true);
  });

  it.each(OTHER_HOSTS)('the host "%s" is none of the loopback', (host) => {
    expect(isLoopbackAddress(host)).toBe(false);
    expect(isLoopbackHost(host)).toBe(false);
    expect(isLoopbackLocation(tcpLocation(host, 9090))).toBe(false);
    expect(isLoopbackLocation(host)).toBe(false);
  });

  it('the name localhost is one of the loopback where a name may stand, and nowhere else', () => {
    expect(['localhost', 'LocalHost'].map(isLoopbackHost)).toEqual([true, true]);
    expect(isLoopbackLocation('localhost:9090')).toBe(true);
    expect(isLoopbackAddress('localhost')).toBe(false);
  });

  it('unix sockets, and clients without an address, are on this machine', () => {
    expect(['./u:/tmp/daemon.sock', './u:relative', 'local'].map(isLoopbackLocation)).toEqual([true, true, true]);
    expect(['local:9090', 'locality', '/tmp/daemon.sock'].map(isLoopbackLocation)).toEqual([false, false, false]);
  });

  it('a daemon that listens on a name that begins like a loopback address warns', () => {
    expect(openAddressWarning({ host: '127.evil.example' }, false, '127.evil.example:9090')).toContain('whoever reaches');
    expect(openAddressWarning({ host: '[::1]' }, false, '[::1]:9090')).toBe(undefined);
  });
});

it.each([
  ['192.0.2.7:9090', { host: '192.0.2.7', port: 9090 }],
  ['lab.example:9090', { host: 'lab.example', port: 9090 }],
  ['[2001:db8::1]:9090', { host: '2001:db8::1', port: 9090 }],
  ['./u:/tmp/daemon.sock', { path: '/tmp/daemon.sock' }],
  ['./u:9090', { path: '9090' }],
  ['local', undefined],
  ['lab.example', undefined],
  ['lab.example:port', undefined],
])('a socket reaches the location %s at %j', (location, address) => {
  expect(socketAddressOf(location)).toEqual(address);
});

it('0.0.0.0 and :: stand for all interfaces, however they are written', () => {
  expect(['0.0.0.0', '0', '0.0', '::ffff:0.0.0.0'].map(allInterfaces)).toEqual([4, 4, 4, 4]);
  expect(['::', '0:0:0:0:0:0:0:0'].map(allInterfaces)).toEqual([6, 6]);
  expect(['127.0.0.1', '::1', '10.0.0.0', '0.0.0.0.example', 'localhost', ''].filter(allInterfaces)).toEqual([]);
});

it('an address is compared without brackets, without the prefix of IPv4 addresses, and in lower case', () => {
  expect(['[::1]', '::1', '[::1', '::1]', ''].map(withoutBrackets)).toEqual(['::1', '::1', '[::1', '::1]', '']);
  expect(['::ffff:192.0.2.7', '2001:DB8::A', '::ffff:c000:207'].map(plainAddress)).toEqual([
    '192.0.2.7',
    '2001:db8::a',
    '::ffff:c000:207',
  ]);
});
