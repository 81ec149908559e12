import { afterAll, beforeAll, expect, it } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentProxyOptions, itemsOfProxy } from '../../../lib/client/options/resolve-proxy-options.js';
import { optionSources } from '../../../lib/command-line/option-sources.js';
import { environmentDefaults, itemsOfDaemon } from '../../../lib/daemon/options/environment-defaults.js';
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

const ofDaemon = (environment: Record<string, string>): Record<string, string[]> => {
  const config = readConfig(environment);
  return Object.fromEntries(optionSources(environmentDefaults({}, config), itemsOfDaemon(config), config));
};
const ofProxy = (environment: Record<string, string>): Record<string, string[]> => {
  const config = readConfig(environment);
  return Object.fromEntries(optionSources(environmentProxyOptions({}, config), itemsOfProxy(config), config));
};

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

it('an option of a daemon or a proxy that variables set has the variable that sets it', () => {
  const environment = {
    PYRO_HOST: 'lab',
    PYRO_NATHOST: 'gate',
    PYRO_NATPORT: '4000',
    PYRO_SSL: '1',
    PYRO_SSL_SERVERCERT: file.cert,
    PYRO_COMPRESSION: '1',
    PYRO_DETAILED_TRACEBACK: '1',
    PYRO_COMMTIMEOUT: '2',
    PYRO_POLLTIMEOUT: '2',
    PYRO_MAX_MESSAGE_SIZE: '100000',
    PYRO_MAX_RETRIES: '1',
    PYRO_SERIALIZER: 'json',
    PYRO_SERPENT_BYTES_REPR: '1',
    PYRO_ITER_STREAMING: '0',
    PYRO_ITER_STREAM_LIFETIME: '5',
    PYRO_ITER_STREAM_LINGER: '5',
  };
  const sources = [...Object.entries(ofDaemon(environment)), ...Object.entries(ofProxy(environment))];
  expect(sources.filter(([, names]) => names.length === 0)).toEqual([]);
  expect(sources).toHaveLength(22);
});

it('the key of a client without a certificate has not set tls of a proxy', () => {
  expect(ofProxy({ PYRO_SSL: '1', PYRO_SSL_CLIENTKEY: file.key })).toEqual({ tls: ['SSL'] });
});
