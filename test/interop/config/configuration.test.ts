import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { environmentProxyOptions as proxyDefaults } from '../../../lib/client/options/resolve-proxy-options.js';
import { readConfig } from '../../../lib/options/environment.js';
import { CONFIG_ITEMS } from '../../../lib/options/config-items.js';
import { environmentDefaults as daemonDefaults } from '../../../lib/daemon/options/environment-defaults.js';
import type { CallContext } from '../../../lib/core.js';
import { TestAuthority } from '../../certificates.js';
import { PythonServer } from '../client/python-server.js';
import type { Thing } from '../client/thing.js';
import { callFromPython } from '../daemon/python-call.js';
import { ensurePythonEnv } from '../python-env.js';

interface Row {
  name: string;
  defaultValue: string;
  unit: string;
  sets: string;
}

let rows: Row[];

beforeAll(async () => {
  const page = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `PYRO_'))
    .map((line) => {
      const [name = '', defaultValue = '', unit = '', sets = ''] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return { name: name.slice('`PYRO_'.length, -1), defaultValue: defaultValue.replaceAll('`', ''), unit, sets };
    });
});

async function askPython(samples: [string, string][]): Promise<{ defaults: Record<string, string>; read: ([unknown] | null)[] }> {
  const script = fileURLToPath(new URL('items.py', import.meta.url));
  const child = spawn(await ensurePythonEnv(), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(samples));
  return JSON.parse(await text(child.stdout)) as Awaited<ReturnType<typeof askPython>>;
}

/** The options that an environment sets, as `owner option`; members of `tls` by their path. */
function optionsOf(environment: Record<string, string>): Set<string> {
  const config = readConfig(environment);
  const names = new Set<string>();
  for (const [whose, options] of Object.entries({ daemon: daemonDefaults({}, config), proxy: proxyDefaults({}, config) })) {
    for (const name of Object.keys(options)) names.add(`${whose} ${name}`);
  }
  return names;
}

describe('docs/configuration.md', () => {
  it('docs/configuration.md lists every config item of Pyro5 with its default', async () => {
    const { defaults } = await askPython([]);
    expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(defaults).toSorted());
    expect(Object.keys(CONFIG_ITEMS).toSorted()).toEqual(Object.keys(defaults).toSorted());
    expect(Object.fromEntries(rows.map(({ name, defaultValue }) => [name, defaultValue]))).toEqual(defaults);
  });

  it('docs/configuration.md tells which config items are times', () => {
    const isTime = ({ expected }: { expected: string }): boolean => expected.startsWith('seconds');
    const times = Object.entries(CONFIG_ITEMS).filter(([, item]) => isTime(item));
    expect(
      rows
        .filter(({ unit }) => unit === 'seconds')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(times.map(([name]) => name).toSorted());
  });

  it('docs/configuration.md tells what each config item sets, and each sets nothing else', () => {
    const samples: Record<string, Record<string, string>> = {
      NATPORT: { PYRO_NATHOST: 'nat.example', PYRO_NATPORT: '1' },
      LOGLEVEL: { PYRO_LOGLEVEL: 'INFO' },
      SERIALIZER: { PYRO_SERIALIZER: 'json' },
      SERVERTYPE: { PYRO_SERVERTYPE: 'thread' },
    };
    for (const { name, sets } of rows) {
      // many variables and files make the single option tls; its behaviour is tested below
      if (name.startsWith('SSL')) continue;
      const environment = samples[name] ?? { [`PYRO_${name}`]: '1' };
      if (name === 'PREFER_IP_VERSION') environment['PYRO_PREFER_IP_VERSION'] = '4';
      const documented = [...sets.split(/[:;]/)[0]!.matchAll(/(daemon|proxy|nameServer)|`(\w+)`/g)];
      const expected = new Set<string>();
      let whose = '';
      for (const [, owner, option] of documented) {
        whose = owner ?? whose;
        if (option !== undefined && whose !== 'nameServer' && whose !== '') expected.add(`${whose} ${option}`);
      }
      if (name === 'NATPORT') expected.add('daemon natHost');
      expect([name, optionsOf(environment)]).toEqual([name, expected]);
    }
  });
});

describe('texts in environment variables', () => {
  const numbers = ['0', '7', ' 7 ', '+7', '007', '1_000', '1__0', '_1', '', ' ', '7.0', '1e3', '0x10', 'seven'];
  const times = [...numbers, '1.', '.5', '1.5', '1_0.5', '1e', '1e-3', '1E3', '--1', '1,5'];
  const switches = ['0', '1', 'off', 'ON', 'Yes', 'no', 'TRUE', 'false', 'y', '', ' 1', '2', 'None'];

  it('environment variables are read as by Python', async () => {
    const samples: [string, string][] = [
      ...numbers.map((value): [string, string] => ['MAX_RETRIES', value]),
      ...times.map((value): [string, string] => ['COMMTIMEOUT', value]),
      ...switches.map((value): [string, string] => ['COMPRESSION', value]),
      ['HOST', ' a host '],
      ['NATHOST', 'x'],
      ['LOGLEVEL', 'DEBUG'],
      ['BROADCAST_ADDRS', '10.0.0.1, <broadcast>'],
    ];
    const { read } = await askPython(samples);
    for (const [index, [item, value]] of samples.entries()) {
      let ours: [unknown] | null;
      try {
        ours = [(readConfig({ [`PYRO_${item}`]: value }) as Record<string, unknown>)[item]];
      } catch {
        ours = null;
      }
      expect([item, value, ours]).toEqual([item, value, read[index]]);
    }
  });
});

describe('a process with PYRO variables', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    vi.unstubAllEnvs();
  });

  async function coreWith(environment: Record<string, string>): Promise<typeof import('../../../lib/core.js')> {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    vi.resetModules();
    return import('../../../lib/core.js');
  }

  async function start(...args: Parameters<typeof PythonServer.start>): Promise<PythonServer> {
    const server = await PythonServer.start(...args);
    cleanups.push(() => server.kill());
    return server;
  }

  it('PYRO_SSL variables turn on TLS with certificates on both sides, in Python and here', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pyro-config-'));
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
    const authority = await TestAuthority.create(directory, 'ca');
    const [server, client] = [await authority.issue('server'), await authority.issue('client')];
    const { expose, PyroDaemon, PyroProxy } = await coreWith({
      PYRO_SSL: 'on',
      PYRO_SSL_SERVERCERT: server.certFile,
      PYRO_SSL_SERVERKEY: server.keyFile,
      PYRO_SSL_REQUIRECLIENTCERT: '1',
      PYRO_SSL_CACERTS: authority.certFile,
      PYRO_SSL_CLIENTCERT: client.certFile,
      PYRO_SSL_CLIENTKEY: client.keyFile,
    });
    const { currentCall } = await import('../../../lib/calls/current-call.js');
    class Door {
      whoami(): unknown {
        return (currentCall() as CallContext).connection.peerCertificate?.subject.CN;
      }
    }
    expose(Door);
    const daemon = await PyroDaemon.listen();
    cleanups.push(() => daemon.close());
    const uri = String(daemon.register(new Door(), 'door'));
    expect(await callFromPython(uri)).toEqual({ result: 'client' });
    await using door = await PyroProxy.connect<Door>(uri);
    expect(await door.whoami()).toBe('client');
    await expect(PyroProxy.connect(uri, { tls: false, maxRetries: 0 })).rejects.toMatchObject({ sent: false });

    const python = await start('thread');
    await using thing = await PyroProxy.connect<Thing>(python.uri('thing'));
    expect(await thing.add(1)).toBe(11);
    // a received proxy never shows this program's certificate
    await using sent = (await thing.self_proxy()) as InstanceType<typeof PyroProxy>;
    await expect(sent.$call('add', 2)).rejects.toThrow(/wants a certificate|closed/i);
  });

  it('PYRO_NS variables find the name server, and lookups wait for names', async () => {
    const server = await start('nameserver', '--host', '0.0.0.0', '--bchost', '127.0.0.1', '--bcport', '0');
    const { locateNameServer, PyroProxy, resolve } = await coreWith({
      PYRO_NS_HOST: '127.0.0.1',
      PYRO_NS_PORT: String(server.port),
      PYRO_NS_LOOKUP_DELAY: '20',
    });
    await using nameServer = await locateNameServer();
    expect(nameServer.uri.port).toBe(server.port);
    const late = resolve('PYRONAME:late');
    await nameServer.register('late', 'PYRO:late@localhost:1');
    expect(String(await late)).toBe('PYRO:late@localhost:1');
    await using byHost = await PyroProxy.connect('PYRONAME:Pyro.NameServer@localhost');
    expect(byHost.$uri.port).toBe(server.port);

    const socket = join(tmpdir(), `pyro-${process.pid}.sock`);
    await start('nameserver', '--unixsocket', socket);
    const alone = await start('nameserver');
    const local = await coreWith({ PYRO_NS_HOST: `./u:${socket}` });
    await using byPath = await local.locateNameServer();
    expect(byPath.uri.socketName).toBe(socket);
    expect(String(await local.resolve('PYRONAME:Pyro.NameServer'))).toBe(`PYRO:Pyro.NameServer@./u:${socket}`);

    const several = await coreWith({
      PYRO_NS_HOST: `127.0.0.3, 127.0.0.1,./u:${socket}`,
      PYRO_NS_PORT: String(alone.port),
      PYRO_NS_LOOKUP_DELAY: '0',
    });
    await using second = await several.locateNameServer();
    expect(second.uri.location).toBe(`127.0.0.1:${alone.port}`);
    await expect(several.locateNameServer({ host: '127.0.0.3' })).rejects.toThrow(`no name server at 127.0.0.3:${alone.port}`);
    const registrar = new several.NameRegistrar({
      nameServer: {},
      objects: [{ name: 'everywhere', uri: 'PYRO:it@localhost:1' }],
    });
    await registrar.start();
    expect(String(await second.lookup('everywhere'))).toBe('PYRO:it@localhost:1');
    expect(String(await byPath.lookup('everywhere'))).toBe('PYRO:it@localhost:1');
    await registrar.stop();

    const elsewhere = await coreWith({
      PYRO_NS_HOST: '127.0.0.1',
      PYRO_NS_PORT: '1',
      PYRO_NS_LOOKUP_DELAY: '0',
      PYRO_NS_BCPORT: String(server.broadcastPort),
      PYRO_BROADCAST_ADDRS: '127.0.0.1',
    });
    await using found = await elsewhere.locateNameServer({ broadcast: true });
    expect(found.uri.port).toBe(server.port);
    await expect(elsewhere.locateNameServer()).rejects.toThrow('no name server at 127.0.0.1:1');
  });
});
