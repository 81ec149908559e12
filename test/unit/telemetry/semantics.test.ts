import { expect, it } from 'vitest';
import { PyroException } from '../../../lib/nest/errors/pyro.exception.js';
import { errorType, serverAddress } from '../../../lib/telemetry/semantics.js';

it('error.type is the Python class, and _OTHER for a name that is longer than any class has', () => {
  expect(errorType(new PyroException('lab.Overheated'))).toBe('lab.Overheated');
  expect(errorType(new PyroException(`lab.${'A'.repeat(300)}`))).toBe('_OTHER');
});

it('server.address is a host with its port, or the path of a unix socket', () => {
  expect(serverAddress('[::1]:7001')).toEqual({ 'server.address': '::1', 'server.port': 7001 });
  expect(serverAddress('./u:/run/lab.sock')).toEqual({ 'server.address': '/run/lab.sock' });
});
