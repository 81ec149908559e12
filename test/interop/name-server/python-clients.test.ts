import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type PyroNameServer, type PyroNameServerOptions, startNameServer } from '../../../lib/core.js';
import { Program } from '../../../scripts/program.js';
import { Relay } from '../../relay.js';
import { ensurePythonEnv, upstreamDistribution } from '../python-env.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { NameServers, STORAGES } from './storages.js';

const run = promisify(execFile);
const here = import.meta.dirname;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: PyroNameServerOptions = {}): Promise<PyroNameServer> {
  const server = await startNameServer({ host: '127.0.0.1', port: 0, ...options });
  cleanups.push(() => server.close());
  return server;
}

const portOf = (location: string): string => location.slice(location.lastIndexOf(':') + 1);

/** An address of this machine in its network. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (found === undefined) throw new Error('this machine has no address in a network: broadcasts cannot be tested');
  return found.address;
}

describe('Python programs at our name server', () => {
  it.each(STORAGES)('Pyro5’s own tests of a live name server pass, unmodified, with storage %s', async (kind) => {
    const servers = await NameServers.of(kind);
    cleanups.push(() => servers.close());
    const server = await servers.start({ host: ownAddress(), broadcast: { port: 0 } });
    const all = await servers.start({ host: '0.0.0.0', broadcast: { port: 0 } });
    const env = {
      NS_URI: server.uri,
      NS_BCPORT: portOf(server.broadcastLocation),
      NS_URI_ALL: all.uri,
      NS_BCPORT_ALL: portOf(all.broadcastLocation),
      PYTHONPATH: here,
      PYTHONDONTWRITEBYTECODE: '1',
      // the test machine's network may not pass broadcasts on
      PYRO_BROADCAST_ADDRS: ownAddress(),
    };
    const tests = join(await upstreamDistribution(), 'tests', 'test_naming.py');
    const args = ['-m', 'pytest', '-p', 'remote_name_server', '-p', 'no:cacheprovider', '--quiet', '--tb=short', tests];
    const { output } = await new Program(await ensurePythonEnv(), args, { env, timeoutMs: 60_000 }).ended;
    expect(output).toMatch(/\b7 passed/);
    expect(output).not.toMatch(/failed|error/i);
  });

  it('pyro5-nsc runs every command as it does at Pyro5’s name server', async () => {
    const python = await ensurePythonEnv();
    const server = await start();
    const nsc = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await run(python, [
        '-m',
        'Pyro5.nsc',
        '-n',
        '127.0.0.1',
        '-p',
        String(server.uri.port),
        ...args,
      ]).catch((error: { stdout: string; stderr: string }) => error);
      return `${stdout}${stderr.trim().split('\n').at(-1)!}`.replaceAll(String(server.uri), 'OWN');
    };
    const printed: string[] = [];
    for (const command of [
      ['ping'],
      ['register', 'lab.camera', 'PYRO:camera@host:1'],
      ['register', 'lab.camera', 'PYRO:camera@host:1'],
      ['setmeta', 'lab.camera', 'cam'],
      ['lookup', 'lab.camera'],
      ['list'],
      ['list', 'lab.'],
      ['listmatching', 'lab..*'],
      ['listmatching', '(('],
      ['yplookup_all', 'cam'],
      ['yplookup_any', 'cam', 'other'],
      ['setmeta', 'lab.camera'],
      ['remove', 'lab.camera'],
      ['remove', 'lab.camera'],
      ['lookup', 'lab.camera'],
    ]) {
      printed.push(await nsc(...command));
    }
    const lab = "lab.camera --> PYRO:camera@host:1\n    metadata: {'cam'}\n";
    const own = "Pyro.NameServer --> OWN\n    metadata: {'class:Pyro5.nameserver.NameServer'}\n";
    expect(printed).toEqual([
      'Name server ping ok.\n',
      'Registered lab.camera\n',
      expect.stringContaining('Error: NamingError - name already registered: lab.camera'),
      'Metadata updated\n',
      "PYRO:camera@host:1\nmetadata: {'cam'}\n",
      `--------START LIST \n${own}${lab}--------END LIST \n`,
      `--------START LIST - prefix 'lab.'\n${lab}--------END LIST - prefix 'lab.'\n`,
      `--------START LIST - regex 'lab..*'\n${lab}--------END LIST - regex 'lab..*'\n`,
      expect.stringContaining('Error: NamingError - invalid regex: '),
      `--------START LIST  - searched by metadata\n${lab}--------END LIST  - searched by metadata\n`,
      `--------START LIST  - searched by metadata\n${lab}--------END LIST  - searched by metadata\n`,
      'Metadata cleared\n',
      'Removed lab.camera\n',
      'Nothing removed\n',
      expect.stringContaining('Error: NamingError - unknown name: lab.camera'),
    ]);
  });

  it('serve, PYRONAME and PYROMETA of Pyro5 work with our name server, and a Python loop can follow the names', async () => {
    const server = await start();
    const python = await PythonInterpreter.start();
    cleanups.push(() => python.stop());
    const answer = await python.run(
      `
      config.NS_HOST, config.NS_PORT = "127.0.0.1", port
      @expose
      class Thing:
          def add(self, a, b):
              return a + b
      daemon = Pyro5.server.Daemon()
      uri = daemon.register(Thing)
      names = Pyro5.api.locate_ns()
      changes = names.watch("lab.")
      seen = [next(changes)["change"]]
      names.register("lab.thing", uri, metadata={"adder"})
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      change = next(changes)
      seen.append([change["change"], change["name"], sorted(change["metadata"])])
      with Proxy("PYRONAME:lab.thing") as by_name, Proxy("PYROMETA:adder") as by_tag:
          results = [by_name.add(1, 2), by_tag.add(3, 4)]
      names.remove("lab.thing")
      seen.append([next(changes)["change"]])
      changes.close()
      daemon.shutdown()
      return [seen, results]
      `,
      { port: server.uri.port },
    );
    expect(answer).toEqual([
      ['ready', ['registered', 'lab.thing', ['adder']], ['removed']],
      [3, 7],
    ]);
  });

  it('a Python program locates our name server at a unix socket, registers there, and looks names up', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'names-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'ns.sock');
    const server = await startNameServer({ unixSocket: path });
    cleanups.push(() => server.close());
    expect(String(server.uri)).toBe(`PYRO:Pyro.NameServer@./u:${path}`);
    expect(await usedFromPython(`./u:${path}`, null)).toEqual([String(server.uri), `PYRO:thing@./u:${directory}/thing.sock`, 3]);
    const python = await ensurePythonEnv();
    const { stdout } = await run(python, ['-m', 'Pyro5.nsc', '-u', path, 'lookup', 'Pyro.NameServer']);
    expect(stdout).toBe(`${server.uri}\nmetadata: {'class:Pyro5.nameserver.NameServer'}\n`);
  });

  it('our name server behind NAT is registered at its external address, where a Python program finds it', async () => {
    const nat = await Relay.start('set below');
    cleanups.push(() => nat.close());
    const port = Number(portOf(nat.location));
    const server = await start({ natHost: 'localhost', natPort: port });
    nat.target = `127.0.0.1:${server.innerUri.port}`;
    expect([server.uri.location, server.innerUri.location]).toEqual([`localhost:${port}`, `127.0.0.1:${portOf(nat.target)}`]);
    expect(await usedFromPython('localhost', port)).toEqual([
      `PYRO:Pyro.NameServer@localhost:${port}`,
      expect.stringMatching(/^PYRO:thing@/) as string,
      3,
    ]);
  });

  it.each(['PYRO:a@h:99999', 'PYRO:a@h:-1', 'PYRO:a@ h:1', 'PYRO:a@:1', 'PYRO:a@./u:x:y', 'PYRO:a b@h:1'])(
    'a Python program that registers the URI %j, where nobody can connect, gets an error that names the URI and the fault',
    async (uri) => {
      const server = await start();
      const python = await PythonInterpreter.start();
      cleanups.push(() => python.stop());
      const errors = await python.run<[string, string][]>(
        `
        given = [uri]
        try:
            given.append(URI(uri))
        except Pyro5.errors.PyroError:
            pass
        errors = []
        with Pyro5.api.locate_ns("127.0.0.1", port) as names:
            for value in given:
                try:
                    names.register("bad", value)
                except Exception as error:
                    errors.append([type(error).__name__, str(error)])
        return errors
        `,
        { port: server.uri.port, uri },
      );
      expect(errors.length).toBeGreaterThan(0);
      for (const [kind, text] of errors) {
        expect(kind).toBe('PyroError');
        expect(text).toMatch(new RegExp(`^invalid uri "${uri}": .{10}`));
      }
      expect(await server.count()).toBe(1);
    },
  );
});

/**
 * Locates a name server as Python's programs do, and uses it.
 *
 * @returns the URI that the name server has of itself, that of a Python object found by its name, and the result of a call of this object
 */
async function usedFromPython(host: string, port: number | null): Promise<unknown> {
  const python = await PythonInterpreter.start();
  cleanups.push(() => python.stop());
  return python.run(
    `
    @expose
    class Thing:
        def add(self, a, b):
            return a + b
    isunix = host.startswith("./u:")
    daemon = Pyro5.server.Daemon(unixsocket=os.path.dirname(host[4:]) + "/thing.sock" if isunix else None)
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    with Pyro5.api.locate_ns(host, port) as names:
        names.register("lab.thing", daemon.register(Thing, "thing"), metadata={"adder"})
        own, thing = str(names.lookup("Pyro.NameServer")), str(names.lookup("lab.thing"))
        [(tagged, _)] = names.yplookup(meta_all={"adder"}).values()
    with Proxy(tagged) as found, Proxy(own) as itself:
        itself.ping()
        result = found.add(1, 2)
    daemon.shutdown()
    return [own, thing, result]
    `,
    { host, port },
  );
}
