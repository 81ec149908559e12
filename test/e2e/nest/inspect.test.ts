import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNameServer } from '../../../lib/core.js';
import {
  PyroController,
  PyroHandshakeContext,
  PyroKwargs,
  PyroMethod,
  PyroProperty,
  PyroServer,
  type PyroDaemon,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { closeAfter, eventually, serve } from './fixtures.js';

class TokenGuard {
  canActivate(context: never): boolean {
    const handshake = PyroHandshakeContext.from(context);
    if (handshake.data !== 'secret of ann') return false;
    handshake.setPrincipal({ name: 'ann', token: 'secret of ann' });
    return true;
  }
}

@PyroController({ objectId: 'stage', name: 'lab.stage', instanceMode: 'single' })
@UseHandshakeGuards(TokenGuard)
class Stage {
  private speed = 1;

  @PyroMethod() move(x: number, y = 0, @PyroKwargs() _options: Record<string, unknown> = {}): number {
    return x + y;
  }
  @PyroMethod({ oneway: true }) log(..._lines: string[]): void {}
  @PyroMethod() fail(): never {
    throw new RangeError('out of range');
  }
  @PyroProperty() get rate(): number {
    return this.speed;
  }
  set rate(speed: number) {
    this.speed = speed;
  }
}

@PyroController('cart')
class Cart {
  @PyroMethod() add(): void {}
}

describe('server.inspect()', () => {
  let python: PythonInterpreter;
  beforeAll(async () => {
    python = await PythonInterpreter.start();
  });
  afterAll(() => python.stop());

  it('server.inspect() shows the objects of the application, with modes, members and parameters', async () => {
    const { server } = await serve({ providers: [Stage, Cart] }, { name: 'lab' });
    const snapshot = server.inspect();
    expect(snapshot.server).toBe('lab');
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot.objects).toMatchObject([
      { objectId: 'Pyro.Daemon', className: 'DaemonObject', instanceMode: 'single' },
      {
        objectId: 'stage',
        className: 'Stage',
        instanceMode: 'single',
        isGuarded: true,
        members: [
          {
            kind: 'method',
            name: 'move',
            isOneway: false,
            parameters: [
              { name: 'x', kind: 'positional', isRequired: true },
              { name: 'y', kind: 'positional', isRequired: false },
              { name: null, kind: 'keywords', isRequired: false },
            ],
          },
          { kind: 'method', name: 'log', isOneway: true, parameters: [{ name: null, kind: 'rest', isRequired: false }] },
          { kind: 'method', name: 'fail', isOneway: false, parameters: [] },
          { kind: 'attribute', name: 'rate', isReadable: true, isWritable: true, type: 'number' },
        ],
      },
      { objectId: 'cart', className: 'Cart', instanceMode: 'session', isGuarded: false },
    ]);
  });

  it('server.inspect() shows the calls of a Python client, its principal and its failures, and never its handshake', async () => {
    const { server } = await serve({ providers: [Stage] });
    const uri = String(server.unwrap<PyroDaemon>().uriFor('stage'));
    await python.run(
      `
      global stage
      stage = Pyro5.api.Proxy(uri)
      stage._pyroHandshake = 'secret of ann'
      stage.move(1)
      stage.move(2)
      try:
        stage.fail()
      except ValueError:
        pass
      `,
      { uri },
    );
    const { connections, objects, failures, totals } = server.inspect();
    expect(connections).toMatchObject([{ principal: 'ann', calls: 3, failures: 1, isTls: false, requestsInProgress: 0 }]);
    expect(objects.find(({ objectId }) => objectId === 'stage')).toMatchObject({ calls: 3, failures: 1 });
    expect(failures).toMatchObject([{ kind: 'call', errorType: 'builtins.ValueError', objectId: 'stage', method: 'fail' }]);
    expect(totals).toMatchObject({ connectionsOpen: 1, calls: 3, failedCalls: 1 });
    expect(JSON.stringify(server.inspect())).not.toContain('secret');
    await python.run('stage._pyroRelease()');
    await eventually(() => server.inspect().connections.length === 0);
  });

  it('server.inspect() shows whether the names of the objects are registered', async () => {
    const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
    closeAfter(() => nameServer.close());
    const { host, port } = nameServer.uri;
    const { server } = await serve({ providers: [Stage] }, { nameServer: { host: host!, port: port!, broadcast: false } });
    const name = { name: 'lab.stage', objectId: 'stage', nameServer: nameServer.uri.location, isAvailable: true };
    expect(server.inspect().names).toEqual([{ ...name, state: 'registered' }]);
  });

  it('server.inspect() shows a name that waits for its name server, and a name that another program has', async () => {
    const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
    const { host, port } = nameServer.uri;
    const options = { host: host!, port: port!, broadcast: false };
    const first = await serve({ providers: [Stage] }, { nameServer: { ...options, retryIntervalMs: 50 } });
    const second = await serve({ providers: [Stage] }, { nameServer: options });
    expect(second.server.inspect().names).toMatchObject([{ state: 'taken', isAvailable: true }]);
    await nameServer.close();
    const third = await serve({ providers: [Stage] }, { nameServer: options });
    expect(third.server.inspect().names).toMatchObject([{ state: 'waiting', nameServer: null, isAvailable: false }]);
    // also the name that was registered
    await eventually(() => first.server.inspect().totals.namesWaiting === 1);
    expect(first.server.inspect().names).toMatchObject([{ state: 'waiting', isAvailable: false }]);
    expect(first.server.inspect().totals).toMatchObject({ namesRegistered: 0, namesTaken: 0 });
  });

  it('Pyro.Inspector gives the snapshot to clients that the guards of the option inspector authorize, and does not exist without the option', async () => {
    const read = async (uri: string, handshake: string): Promise<unknown> =>
      python.run(
        `
        with Pyro5.api.Proxy(uri) as inspector:
          inspector._pyroHandshake = handshake
          try:
            return inspector.inspect()["connections"][0]["principal"]
          except Exception as x:
            return str(x)
        `,
        { uri, handshake },
      );
    const uriOf = (server: PyroServer): string => String(server.unwrap<PyroDaemon>().uriFor('Pyro.Inspector'));
    const guarded = await serve({ providers: [Stage] }, { inspector: { guards: [TokenGuard] } });
    expect(await read(uriOf(guarded.server), 'secret of ann')).toBe('ann');
    expect(await read(uriOf(guarded.server), 'guess')).toMatch(/rejected/);
    const local = await serve({ providers: [Stage] }, { inspector: true });
    expect(await read(uriOf(local.server), 'guess')).toBeNull();
    const without = await serve({ providers: [Stage] });
    expect(await read(uriOf(without.server), 'guess')).toMatch(/unknown object/);
  });

  it('server.inspect() fails before the server listens', () => {
    expect(() => new PyroServer().inspect()).toThrow('PyroServer has no daemon yet');
  });
});
