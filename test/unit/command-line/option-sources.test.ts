import { afterAll, beforeAll, expect, it } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentProxyOptions } from '../../../lib/client/options/resolve-proxy-options.js';
import { optionSources } from '../../../lib/command-line/option-sources.js';
import { environmentDefaults } from '../../../lib/daemon/options/environment-defaults.js';
import { readConfig } from '../../../lib/options/environment.js';

let folder: string;
let file: Record<'cert' | 'key' | 'ca', string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'option-sources-'));
  const written = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, name);
    return path;
  };
  file = { cert: written('cert.pem'), key: written('key.pem'), ca: written('ca.pem') };
});
afterAll(() => rmSync(folder, { recursive: true }));

const ofDaemon = (environment: Record<string, string>): Record<string, string[]> =>
  Object.fromEntries(optionSources(readConfig(environment), (items) => environmentDefaults({}, items)));
const ofProxy = (environment: Record<string, string>): Record<string, string[]> =>
  Object.fromEntries(optionSources(readConfig(environment), (items) => environmentProxyOptions({}, items)));

it('a variable that TLS of a daemon needs has set tls', () => {
  expect(ofDaemon({ PYRO_SSL: '1', PYRO_SSL_SERVERCERT: file.cert, PYRO_SSL_SERVERKEY: file.key })).toEqual({
    tls: ['SSL', 'SSL_SERVERCERT', 'SSL_SERVERKEY'],
  });
});

it('every variable of mutual TLS has set tls of a daemon, and no variable of a client has', () => {
  const environment = {
    PYRO_SSL: '1',
    PYRO_SSL_SERVERCERT: file.cert,
    PYRO_SSL_SERVERKEY: file.key,
    PYRO_SSL_SERVERKEYPASSWD: 'secret',
    PYRO_SSL_REQUIRECLIENTCERT: '1',
    PYRO_SSL_CACERTS: file.ca,
    PYRO_SSL_CLIENTCERT: file.cert,
    PYRO_SSL_CLIENTKEY: file.key,
  };
  const own = ['SSL', 'SSL_SERVERCERT', 'SSL_SERVERKEY', 'SSL_SERVERKEYPASSWD', 'SSL_REQUIRECLIENTCERT', 'SSL_CACERTS'];
  const { tls } = ofDaemon(environment);
  expect(new Set(tls)).toEqual(new Set(own));
  expect(new Set(ofProxy(environment).tls)).toEqual(new Set(['SSL', 'SSL_CLIENTCERT', 'SSL_CLIENTKEY', 'SSL_CACERTS']));
});

it('a variable that changes nothing has set nothing', () => {
  expect(ofDaemon({ PYRO_SSL: '0', PYRO_SSL_SERVERCERT: file.cert, PYRO_NATPORT: '4000' })).toEqual({});
  expect(
    ofDaemon({ PYRO_SSL: '1', PYRO_SSL_SERVERCERT: file.cert, PYRO_SSL_SERVERKEY: file.key, PYRO_SSL_REQUIRECLIENTCERT: '0' }),
  ).toEqual({ tls: ['SSL', 'SSL_SERVERCERT', 'SSL_SERVERKEY'] });
});

it('the port behind a NAT is set by both of its variables, and one variable may set several options', () => {
  const environment = { PYRO_HOST: 'lab', PYRO_NATHOST: 'gate', PYRO_NATPORT: '4000', PYRO_COMMTIMEOUT: '2' };
  expect(ofDaemon(environment)).toEqual({
    host: ['HOST'],
    natHost: ['NATHOST'],
    natPort: ['NATHOST', 'NATPORT'],
    idleTimeoutMs: ['COMMTIMEOUT'],
    frameTimeoutMs: ['COMMTIMEOUT'],
  });
});

it('an option with its default value has the variable that says so', () => {
  expect(ofDaemon({ PYRO_COMPRESSION: '0' })).toEqual({ compression: ['COMPRESSION'] });
});
