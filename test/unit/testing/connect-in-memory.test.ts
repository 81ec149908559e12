import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ConnectionClosedError,
  expose,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
  type RemoteObject,
  SecurityError,
} from 'nestjs-pyro/core';
import { connectInMemory, createMemoryPair } from 'nestjs-pyro/testing';

class Sensor {
  read(): number {
    return 21;
  }
}
expose(Sensor);

class Lab {
  readonly sensor = new Sensor();

  sum(a: number, b: number): number {
    return a + b;
  }
  getSensor(): Sensor {
    return this.sensor;
  }
  *readings(): Generator<number> {
    yield 1;
    yield 2;
  }
}
expose(Lab);

interface RemoteLab {
  sum(a: number, b: number): number;
  getSensor(): unknown;
  readings(): Iterator<number>;
}

describe('connectInMemory', () => {
  let daemon: PyroDaemon;
  let lab: Lab;

  async function serve(options: PyroDaemonOptions = {}): Promise<void> {
    daemon = await PyroDaemon.listen({ listen: false, ...options });
    lab = new Lab();
    daemon.register(lab, 'lab');
    daemon.register(lab.sensor, 'sensor');
  }

  afterEach(() => daemon.close());

  it('connectInMemory calls objects of a daemon that does not listen', async () => {
    await serve();
    await using proxy = await connectInMemory<RemoteLab>(daemon, 'lab', { poolSize: 3 });
    expect(await Promise.all([proxy.sum(1, 2), proxy.sum(3, 4), proxy.sum(5, 6)])).toEqual([3, 7, 11]);
    const readings: number[] = [];
    for await (const reading of await proxy.readings()) readings.push(reading);
    expect(readings).toEqual([1, 2]);
    expect(daemon.connections.length).toBeGreaterThan(0);
    await proxy.$release();
    await expect.poll(() => daemon.connections.length).toBe(0);
  });

  it('connectInMemory does the handshake', async () => {
    await serve({
      validateHandshake: ({ data }) => {
        if (data !== 'secret') throw new SecurityError('wrong token');
      },
    });
    await expect(connectInMemory(daemon, 'lab', { handshake: 'guess' })).rejects.toThrow('rejected: wrong token');
    await using proxy = await connectInMemory<RemoteLab>(daemon, 'lab', { handshake: 'secret' });
    expect(await proxy.sum(1, 1)).toBe(2);
  });

  it('connectInMemory reaches objects that travel as proxies', async () => {
    await serve();
    await using proxy = await connectInMemory<RemoteLab>(daemon, 'lab');
    const sensor = (await proxy.getSensor()) as RemoteObject<{ read(): number }>;
    expect(await sensor.read()).toBe(21);
    await sensor.$release();
  });

  it('connectInMemory works for a daemon that also listens on a port', async () => {
    await serve({ listen: true, host: '127.0.0.1' });
    await using here = await connectInMemory<RemoteLab>(daemon, 'lab');
    await using there = await PyroProxy.connect<RemoteLab>(daemon.uriFor('lab'));
    expect([await here.sum(1, 2), await there.sum(1, 2)]).toEqual([3, 3]);
  });

  it('connectInMemory fails when the daemon is closed', async () => {
    await serve();
    await daemon.close();
    await expect(connectInMemory(daemon, 'lab', { maxRetries: 0 })).rejects.toThrow(ConnectionClosedError);
  });
});

describe('listen: false', () => {
  it('`listen: false` excludes an address', () => {
    expect(() => new PyroDaemon({ listen: false, port: 0 })).toThrow('listen: false excludes');
  });
});

describe('openSocket', () => {
  it('openSocket opens the connections of a proxy over any stream', async () => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    daemon.register(new Lab(), 'lab');
    const { port } = daemon.uriFor('lab');
    const asked: unknown[] = [];
    await using proxy = await PyroProxy.connect<RemoteLab>('PYRO:lab@camera-behind-a-tunnel:7', {
      openSocket: (address) => {
        asked.push(address);
        return createConnection(port!, '127.0.0.1');
      },
    });
    expect(await proxy.sum(1, 2)).toBe(3);
    expect(asked).toEqual([{ host: 'camera-behind-a-tunnel', port: 7 }]);
  });

  it('a proxy tries again when openSocket fails, and keeps the error of openSocket as the cause', async () => {
    let attempts = 0;
    const reason = new Error('no tunnel');
    const connecting = PyroProxy.connect('PYRO:lab@far:7', {
      maxRetries: 2,
      retryDelayMs: 1,
      openSocket: () => {
        attempts += 1;
        throw reason;
      },
    });
    await expect(connecting).rejects.toMatchObject({ message: 'cannot connect to far:7: no tunnel', cause: reason, sent: false });
    expect(attempts).toBe(3);
  });

  it('connectTimeoutMs limits openSocket, and a stream that opens too late is closed', async () => {
    let late!: (socket: Duplex) => void;
    const connecting = PyroProxy.connect('PYRO:lab@far:7', {
      maxRetries: 0,
      connectTimeoutMs: 50,
      openSocket: () => new Promise((resolve) => (late = resolve)),
    });
    await expect(connecting).rejects.toThrow('no answer within connectTimeoutMs (50 ms)');
    const [ours] = createMemoryPair();
    late(ours);
    await expect.poll(() => ours.destroyed).toBe(true);
  });

  it.each([[undefined], [5], [{}], ['far:7']])('a proxy says so when openSocket gives no stream: %j', async (given) => {
    const openSocket = (): never => given as never;
    await expect(PyroProxy.connect('PYRO:lab@far:7', { openSocket })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/^the result of openSocket is .*; it must be a socket or another byte stream$/) as string,
    });
  });

  it('openSocket excludes tls', () => {
    expect(() => PyroProxy.to('PYRO:lab@far:7', { tls: true, openSocket: () => createConnection(7) })).toThrow(
      'tls cannot be had',
    );
  });
});
