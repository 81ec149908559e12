import { afterEach, describe, expect, it, vi } from 'vitest';
import { readConfig, unknownVariables } from '../../../lib/options/environment.js';
import { environmentDefaults as daemonDefaults } from '../../../lib/daemon/options/environment-defaults.js';
import { environmentProxyOptions as proxyDefaults } from '../../../lib/client/options/resolve-proxy-options.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

/** Imports the core anew, as in a process that was started with these environment variables. */
async function coreWith(environment: Record<string, string>): Promise<typeof import('../../../lib/core.js')> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  return import('../../../lib/core.js');
}

describe('reading the environment', () => {
  it('options are read from environment variables with Pyro5’s names', () => {
    const config = readConfig({
      PYRO_HOST: '0.0.0.0',
      PYRO_NATPORT: ' 9_999 ',
      PYRO_COMMTIMEOUT: '1.5e1',
      PYRO_COMPRESSION: 'Yes',
      PYRO_ITER_STREAMING: 'off',
      PYRO_BROADCAST_ADDRS: '<broadcast>, 10.0.0.255',
      PYRO_SSL_CLIENTKEYPASSWD: ' with spaces ',
      PYRO_NATHOST: '',
      HOST: 'not ours',
    });
    expect(config).toEqual({
      HOST: '0.0.0.0',
      NATPORT: 9999,
      COMMTIMEOUT: 15,
      COMPRESSION: true,
      ITER_STREAMING: false,
      BROADCAST_ADDRS: ['<broadcast>', '10.0.0.255'],
      SSL_CLIENTKEYPASSWD: ' with spaces ',
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it.each([
    ['PYRO_NATPORT', 'many', 'a whole number from 0 to 65535'],
    ['PYRO_NATPORT', '65536', 'a whole number from 0 to 65535'],
    ['PYRO_NS_PORT', '0', 'a whole number from 1 to 65535'],
    ['PYRO_MAX_MESSAGE_SIZE', '1e6', 'a whole number from 1 on'],
    ['PYRO_COMMTIMEOUT', '-1', 'seconds from 0 to 2147483.647'],
    ['PYRO_COMMTIMEOUT', 'inf', 'seconds from 0 to 2147483.647'],
    ['PYRO_POLLTIMEOUT', '0', 'seconds over 0'],
    ['PYRO_COMPRESSION', '', '1, yes, on, true, or 0, no, off, false'],
    ['PYRO_SSL', 'constructor', '1, yes, on, true, or 0, no, off, false'],
    ['PYRO_SERIALIZER', 'pickle', 'serpent, marshal, json or msgpack'],
    ['PYRO_SERVERTYPE', 'both', 'thread or multiplex'],
    ['PYRO_PREFER_IP_VERSION', '5', '0, 4 or 6'],
    ['PYRO_BROADCAST_ADDRS', '10.0.0.1,', 'addresses, separated by commas'],
  ])('the environment variable %s=%s is refused, and the error says what is allowed', (variable, value, expected) => {
    expect(() => readConfig({ [variable]: value })).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: expect.stringContaining(`environment variable ${variable}=${JSON.stringify(value)}: it must be ${expected}`),
      }),
    );
  });

  it('variables that Kubernetes sets for services called pyro, pyro-ns and pyro-ssl-host are ignored', () => {
    const environment = {
      PYRO_SERVICE_HOST: '10.0.0.1',
      PYRO_SERVICE_PORT: '9999',
      PYRO_SERVICE_PORT_RPC: '9999',
      PYRO_PORT: 'tcp://10.0.0.1:9999',
      PYRO_PORT_9999_TCP: 'tcp://10.0.0.1:9999',
      PYRO_PORT_9999_TCP_PROTO: 'tcp',
      PYRO_PORT_9999_TCP_PORT: '9999',
      PYRO_PORT_9999_TCP_ADDR: '10.0.0.1',
      PYRO_NS_PORT: 'tcp://10.0.0.2:9090',
      PYRO_NS_SERVICE_HOST: '10.0.0.2',
      PYRO_NS_PORT_9091_UDP_ADDR: '10.0.0.2',
      PYRO_SSL_HOST_SERVICE_PORT_HTTPS: '443',
    };
    expect(readConfig(environment)).toEqual({});
    expect(unknownVariables(environment)).toEqual([]);
    expect(unknownVariables({ PYRO_PORT: '9999', PYRO_HOST: 'x', PYROHOST: 'x', PYRO_NSHOST: 'x', pyro_x: '1' })).toEqual([
      'PYRO_PORT',
      'PYRO_NSHOST',
    ]);
  });
});

describe('the environment of a process', () => {
  it('the environment is read once, and unknown variables cause a warning then', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { PyroDaemon, PyroProxy } = await coreWith({ PYRO_COMPRESION: '1', PYRO_HOST: '127.0.0.1' });
    const daemon = await PyroDaemon.listen();
    vi.stubEnv('PYRO_HOST', '203.0.113.1');
    const another = await PyroDaemon.listen();
    PyroProxy.to('PYRO:x@localhost:1');
    expect([daemon.locationStr, another.locationStr]).toEqual([
      expect.stringContaining('127.0.0.1'),
      expect.stringContaining('127.0.0.1'),
    ]);
    expect(warn.mock.calls).toEqual([
      [
        'environment variable PYRO_COMPRESION is no config item of Pyro5; it is passed over',
        { code: 'PYRO_UNKNOWN_CONFIG_ITEM' },
      ],
    ]);
    warn.mockRestore();
    await daemon.close();
    await another.close();
  });

  it.each(['0.5', '2.9'])(
    'NS_AUTOCLEAN=%s is too short for a name server, as in Pyro5, and nothing to a daemon',
    async (text) => {
      const { startNameServer, PyroDaemon } = await coreWith({ PYRO_NS_AUTOCLEAN: text });
      await (await PyroDaemon.listen({ host: '127.0.0.1' })).close();
      await expect(startNameServer({ host: '127.0.0.1', port: 0 })).rejects.toMatchObject({
        code: 'CONFIG',
        message: `environment variable PYRO_NS_AUTOCLEAN=${text}: it must be 0, or seconds from 3 on`,
      });
      await (await startNameServer({ host: '127.0.0.1', port: 0, autocleanMs: 0 })).close();
    },
  );

  it('a wrong environment variable stops daemons, proxies and name lookups', async () => {
    const { locateNameServer, PyroDaemon, PyroProxy, readConfig: read } = await coreWith({ PYRO_ITER_STREAM_LINGER: 'long' });
    const wrong = /PYRO_ITER_STREAM_LINGER="long": it must be seconds/;
    expect(() => new PyroDaemon()).toThrow(wrong);
    expect(() => PyroProxy.to('PYRO:x@localhost:1')).toThrow(wrong);
    await expect(locateNameServer()).rejects.toThrow(wrong);
    expect(() => read()).toThrow(wrong);
  });

  it('options in code win over environment variables', async () => {
    const { PyroDaemon } = await coreWith({ PYRO_HOST: '203.0.113.1', PYRO_NATHOST: 'nat.example', PYRO_NATPORT: '77' });
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    expect(daemon.natLocationStr).toBe('nat.example:77');
    const other = await PyroDaemon.listen({ host: '127.0.0.1', natHost: 'other.example', natPort: 88 });
    expect(other.natLocationStr).toBe('other.example:88');
    const none = await PyroDaemon.listen({ host: '127.0.0.1', natHost: '' });
    expect(none.natLocationStr).toBeUndefined();
    for (const each of [daemon, other, none]) await each.close();
    expect(() => new PyroDaemon({ unixSocket: '/tmp/x' })).toThrow(/PYRO_NATHOST together with unixSocket/);
    expect(new PyroDaemon({ unixSocket: '/tmp/x', natHost: '' }).isListening).toBe(false);
  });

  it('host and port variables are ignored for daemons and proxies that have no address', async () => {
    const { PyroDaemon, PyroProxy } = await coreWith({ PYRO_HOST: '203.0.113.1', PYRO_NATHOST: 'nat.example', PYRO_SSL: '1' });
    const daemon = await PyroDaemon.listen({ listen: false });
    expect(daemon.natLocationStr).toBeUndefined();
    await daemon.close();
    expect(() => PyroProxy.to('PYRO:x@./u:x', { openSocket: () => expect.unreachable() })).not.toThrow();
  });

  it('a received proxy is made where TLS is on in the environment and its parent connects by openSocket', async () => {
    const { ProxyReference, PyroProxy, PyroUri } = await coreWith({ PYRO_SSL: '1' });
    const options = { sender: { remoteAddress: './u:x' }, openSocket: () => expect.unreachable() };
    expect(() => PyroProxy.from(new ProxyReference(new PyroUri('PYRO:x@./u:x')), options)).not.toThrow();
  });
});

describe('defaults', () => {
  it('environment variables in seconds become milliseconds, and a short time is never rounded to zero', () => {
    expect(daemonDefaults({}, { ITER_STREAM_LINGER: 1.5, COMMTIMEOUT: 0.0001 })).toEqual({
      streamLingerMs: 1_500,
      idleTimeoutMs: 1,
      frameTimeoutMs: 1,
    });
    expect(proxyDefaults({}, { COMMTIMEOUT: 0 })).toEqual({ callTimeoutMs: 0 });
    expect(daemonDefaults({}, { COMMTIMEOUT: 0 })).toEqual({ idleTimeoutMs: 0 });
  });

  it('an error about missing TLS files names the environment variable', () => {
    const wrong: [object, RegExp][] = [
      [{ SSL: true }, /PYRO_SSL is on, but PYRO_SSL_SERVERCERT names no certificate/],
      [{ SSL: true, SSL_SERVERCERT: '/nowhere.pem' }, /PYRO_SSL_SERVERCERT="\/nowhere.pem": it cannot be read: ENOENT/],
      [{ SSL: true, SSL_SERVERCERT: 'x', SSL_REQUIRECLIENTCERT: true }, /PYRO_SSL_REQUIRECLIENTCERT needs PYRO_SSL_CACERTS/],
    ];
    for (const [config, message] of wrong) expect(() => daemonDefaults({}, config)).toThrow(message);
    expect(() => proxyDefaults({}, { SSL: true, SSL_CACERTS: '/nowhere' })).toThrow(
      /PYRO_SSL_CACERTS="\/nowhere": it cannot be read/,
    );
    expect(proxyDefaults({}, { SSL: false, SSL_CACERTS: '/nowhere' })).toEqual({});
    expect(daemonDefaults({ tls: false }, { SSL: true })).toEqual({});
  });
});
