import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy, type PyroProxyOptions } from '../../../lib/core.js';
import { createMemoryPair } from '../../../lib/testing/index.js';
import type { Duplex } from 'node:stream';

class Thing {
  add(a: number, b: number): number {
    return a + b;
  }
  /** Ends with the test. */
  hang(): Promise<void> {
    return testEnd;
  }
}
expose(Thing);

let daemon: PyroDaemon | undefined;
let testEnd: Promise<void>;
let endTest: () => void;
beforeEach(() => {
  testEnd = new Promise((resolve) => (endTest = resolve));
});
afterEach(() => {
  endTest();
  return daemon?.close();
});

/** The client's end of a connection; a daemon that serves only this connection holds the other end. */
async function connected(): Promise<Duplex> {
  const [ours, theirs] = createMemoryPair();
  daemon = await PyroDaemon.listen({ connectedSocket: theirs });
  daemon.register(new Thing(), 'thing');
  return ours;
}

describe('a proxy on a connected socket', () => {
  it('a proxy on a connected socket calls without a handshake', async () => {
    const connectedSocket = await connected();
    const thing = await PyroProxy.connect<Thing>('thing', { connectedSocket, handshake: 'never sent' });
    expect(await thing.add(1, 2)).toBe(3);
    expect(daemon!.connections[0]!.handshake).toBeUndefined();
    await thing.$release();
    expect(connectedSocket.destroyed).toBe(true);
  });

  it('a proxy on a connected socket never reconnects: all calls fail after the socket closed', async () => {
    const connectedSocket = await connected();
    const thing = await PyroProxy.connect<Thing>('PYRO:thing@elsewhere:1', { connectedSocket });
    await expect(thing.$with({ callTimeoutMs: 20 }).hang()).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(thing.add(1, 2)).rejects.toMatchObject({ code: 'COMMUNICATION', sent: false });
    await expect(PyroProxy.connect('thing', { connectedSocket })).rejects.toThrow('connectedSocket has ended');
  });

  it('a connected socket serves one proxy: a second one is refused before it sends anything', async () => {
    const connectedSocket = await connected();
    const thing = await PyroProxy.connect<Thing>('thing', { connectedSocket });
    const refusal = { code: 'COMMUNICATION', sent: false, message: expect.stringContaining('whose $release() closes it') };
    await expect(PyroProxy.connect('thing', { connectedSocket })).rejects.toMatchObject(refusal);
    expect(await thing.add(1, 2)).toBe(3);
    await thing.$release();
    await expect(PyroProxy.connect('thing', { connectedSocket })).rejects.toMatchObject(refusal);
  });

  it('a proxy on a connected socket refuses options that contradict it', async () => {
    const connectedSocket = await connected();
    const wrong: PyroProxyOptions[] = [{ poolSize: 2 }, { tls: true }, { openSocket: () => connectedSocket }];
    for (const options of wrong) {
      expect(() => PyroProxy.to('thing', { connectedSocket, ...options })).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    }
    expect(() => PyroProxy.to('thing')).toThrow(expect.objectContaining({ code: 'BAD_URI' }));
  });
});
