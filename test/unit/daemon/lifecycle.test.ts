import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CallContext, currentContext, DaemonObject, expose, FLAGS, PyroDaemon } from '../../../lib/core.js';
import { createMemoryPair } from '../../../lib/transport/sockets/memory-pair.js';
import { eventually, join, open, sleep, startDaemon } from './fixtures.js';
import { ScriptedPeer, valueOf } from '../../../lib/testing/index.js';

class Thing {
  log: string[] = [];
  async slow(ms: number): Promise<string> {
    this.log.push('begun');
    await sleep(ms);
    this.log.push('ended');
    return 'done';
  }
  hello(): string {
    return 'hello';
  }
}
expose(Thing);

async function serveThing(options = {}): Promise<{ daemon: PyroDaemon; thing: Thing }> {
  const daemon = await startDaemon(options);
  const thing = new Thing();
  daemon.register(thing, 'thing');
  return { daemon, thing };
}

it('a daemon that is closed while it starts does not listen, and leaves the port to others', async () => {
  const probe = await startDaemon();
  const port = Number(probe.locationStr.split(':').at(-1));
  await probe.close();
  for (const end of ['close', 'shutdown'] as const) {
    const daemon = new PyroDaemon({ host: '127.0.0.1', port });
    const starting = daemon.start().catch((error: Error) => error.message);
    await daemon[end]();
    const other = await startDaemon({ port });
    expect(await starting).toContain('closed while it started');
    await other.close();
  }
});

describe('shutdown', () => {
  it('shutdown() lets running calls finish and sends their replies', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'slow', [80]);
    await eventually(() => thing.log.length === 1);
    const stopping = daemon.shutdown();
    peer.invoke('thing', 'hello');
    expect(valueOf(await peer.next())).toBe('done');
    await stopping;
    await peer.untilClosed();
    expect(thing.log).toEqual(['begun', 'ended']);
    expect(peer.frames).toHaveLength(0);
  });

  it('shutdown() lets running oneway calls finish', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'slow', [80], {}, { flags: FLAGS.oneway });
    await eventually(() => thing.log.length === 1);
    await daemon.shutdown();
    expect(thing.log).toEqual(['begun', 'ended']);
  });

  it('shutdown() waits no longer than its deadline', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'slow', [60_000]);
    await eventually(() => thing.log.length === 1);
    await daemon.shutdown(50);
    expect(thing.log).toEqual(['begun']);
    await peer.untilClosed();
  });

  it('shutdown() closes idle connections at once and refuses new clients', async () => {
    const { daemon } = await serveThing();
    const peers = await Promise.all(Array.from({ length: 20 }, () => join(daemon)));
    const location = daemon.locationStr;
    // a running call may take longer than this test
    await daemon.shutdown(3_600_000);
    await Promise.all(peers.map((peer) => peer.untilClosed()));
    await expect(ScriptedPeer.open(location)).rejects.toThrow('ECONNREFUSED');
  });

  it('a second shutdown(), and close() after it, do no harm', async () => {
    const { daemon } = await serveThing();
    await Promise.all([daemon.shutdown(), daemon.shutdown(), daemon.close()]);
    await daemon.close();
    expect(daemon.isListening).toBe(false);
  });

  it('shutdown() resolves for every caller only when the daemon is closed', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'slow', [60]);
    await eventually(() => thing.log.length === 1);
    const first = daemon.shutdown();
    await daemon.shutdown();
    expect(thing.log).toEqual(['begun', 'ended']);
    await first;
  });
});

describe('close', () => {
  it('close() cuts connections at once and frees the port', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    const port = Number(daemon.locationStr.split(':')[1]);
    peer.invoke('thing', 'slow', [60_000]);
    await eventually(() => thing.log.length === 1);
    await daemon.close();
    await peer.untilClosed();
    expect(peer.frames).toHaveLength(0);
    const again = await startDaemon({ port });
    expect(again.locationStr).toBe(`127.0.0.1:${port}`);
  });

  it('close() leaves no handle behind', async () => {
    const handles = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Timeout/.test(name)).length;
    const before = handles();
    const { daemon } = await serveThing({ idleTimeoutMs: 60_000, callTimeoutMs: 60_000 });
    const peers = await Promise.all(Array.from({ length: 5 }, () => join(daemon)));
    await Promise.all(peers.map((peer) => peer.call('thing', 'hello')));
    await daemon.close();
    await Promise.all(peers.map((peer) => peer.untilClosed()));
    await eventually(() => handles() <= before, 'the handles of before');
  });

  it('close() does not wait for a disposal that never settles, and reports it', async () => {
    class Hanging {
      hello(): string {
        return 'hello';
      }
      [Symbol.asyncDispose](): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    expose(Hanging);
    const daemon = await startDaemon();
    const errors: string[] = [];
    daemon.on('error', ({ message }) => errors.push(message));
    daemon.register(Hanging, 'hanging');
    expect(await (await join(daemon)).call('hanging', 'hello')).toBe('hello');
    await daemon.close();
    expect(errors).toEqual([expect.stringMatching(/^the disposal of Hanging for .* takes longer than 5000 ms/)]);
  });

  it('close() ends requestLoop()', async () => {
    const { daemon } = await serveThing();
    let ended = false;
    const loop = daemon.requestLoop().then(() => (ended = true));
    await sleep(10);
    expect(ended).toBe(false);
    await daemon.close();
    await loop;
    expect(ended).toBe(true);
  });

  it('close() closes a combined daemon, too', async () => {
    const [one, two] = [await startDaemon(), await startDaemon()];
    one.combine(two);
    await one.close();
    expect(two.isListening).toBe(false);
  });
});

describe('a daemon', () => {
  it('a daemon says why it cannot listen', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await expect(startDaemon({ port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the address is in use; choose another port`,
    );
    server.close();
    await expect(startDaemon({ host: '203.0.113.1' })).rejects.toThrow('no interface of this machine has the address');
    await expect(startDaemon({ unixSocket: '\0abstract' })).rejects.toThrow('Node pads its name');
  });

  it('a daemon listens on a unix socket', async () => {
    const unixSocket = joinPath(tmpdir(), `pyro-${process.pid}.sock`);
    const daemon = await startDaemon({ unixSocket });
    expect(String(daemon.register(new Thing(), 'thing'))).toBe(`PYRO:thing@./u:${unixSocket}`);
    expect(await (await join(daemon)).call('thing', 'hello')).toBe('hello');
  });

  it('a daemon names its NAT address in URIs, unless told not to', async () => {
    const daemon = await startDaemon({ natHost: 'example.com' });
    const port = daemon.locationStr.split(':')[1];
    expect(daemon.natLocationStr).toBe(`example.com:${port}`);
    expect(String(daemon.uriFor('x'))).toBe(`PYRO:x@example.com:${port}`);
    expect(String(daemon.uriFor('x', false))).toBe(`PYRO:x@127.0.0.1:${port}`);
    expect((await startDaemon({ natHost: '2001:db8::1', natPort: 5 })).natLocationStr).toBe('[2001:db8::1]:5');
  });

  it('a daemon serves a duplex stream that is no socket', async () => {
    const { daemon } = await serveThing();
    const [ours, theirs] = createMemoryPair();
    daemon.serve(ours);
    const peer = new ScriptedPeer(theirs);
    peer.connect('thing');
    await peer.next();
    expect(await peer.call('thing', 'hello')).toBe('hello');
    peer.end();
    await eventually(() => daemon.connections.length === 0);
  });

  it('a daemon serves one connected socket without a handshake', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const accepted = new Promise<import('node:net').Socket>((resolve) => server.once('connection', resolve));
    const peer = await ScriptedPeer.open(`127.0.0.1:${(server.address() as { port: number }).port}`);
    const daemon = await PyroDaemon.listen({ connectedSocket: await accepted });
    daemon.register(new Thing(), 'thing');
    expect(await peer.call('Pyro.Daemon', 'get_metadata', 'thing')).toMatchObject({ methods: new Set(['slow', 'hello']) });
    expect(await peer.call('thing', 'hello')).toBe('hello');
    await daemon.close();
    server.close();
  });

  it('a daemon emits events when clients connect and disconnect', async () => {
    const { daemon } = await serveThing();
    const events: string[] = [];
    daemon.on('connection', ({ id }) => events.push(`connection ${id}`));
    daemon.on('disconnect', ({ id }, error) => events.push(`disconnect ${id} ${error?.message ?? 'cleanly'}`));
    const peer = await join(daemon);
    peer.end();
    await eventually(() => events.length === 2);
    expect(events).toEqual(['connection 1', 'disconnect 1 cleanly']);
  });

  it('a daemon goes on serving when its hooks throw', async () => {
    const errors: string[] = [];
    const daemon = await startDaemon({
      clientDisconnect: () => {
        throw new Error('clientDisconnect failed');
      },
      housekeeping: () => {
        throw new Error('housekeeping failed');
      },
      annotations: () => {
        throw new Error('annotations failed');
      },
      housekeepingIntervalMs: 10,
    });
    daemon.on('error', ({ message }) => errors.push(message));
    daemon.on('connection', () => {
      throw new Error('listener failed');
    });
    daemon.register(new Thing(), 'thing');
    const peer = await join(daemon);
    expect(await peer.call('thing', 'hello')).toBe('hello');
    peer.end();
    await eventually(() =>
      ['clientDisconnect', 'housekeeping', 'annotations', 'listener'].every((name) => errors.includes(`${name} failed`)),
    );
    expect(await (await join(daemon)).call('Pyro.Daemon', 'ping')).toBe(null);
  });

  it('a daemon goes on serving when event listeners throw, or iterators of a oneway call', async () => {
    const errors: string[] = [];
    const daemon = await startDaemon();
    daemon.on('error', ({ message }) => errors.push(message));
    daemon.on('callError', () => {
      throw new Error('listener failed');
    });
    class Source {
      fail(): never {
        throw new Error('of the method');
      }
      items(): AsyncIterator<number> & AsyncIterable<number> {
        return {
          next: () => Promise.resolve({ done: false, value: 1 }),
          return: () => Promise.reject(new Error('return failed')),
          [Symbol.asyncIterator]() {
            return this;
          },
        };
      }
    }
    expose(Source);
    daemon.register(new Source(), 'source');
    const peer = await join(daemon);
    for (const method of ['fail', 'items']) peer.invoke('source', method, [], {}, { flags: FLAGS.oneway });
    expect(await peer.call('Pyro.Daemon', 'ping')).toBe(null);
    await eventually(() => errors.length === 2);
    expect(errors).toEqual(['listener failed', 'listener failed']);
    expect(await (await join(daemon)).call('Pyro.Daemon', 'ping')).toBe(null);
  });

  it('a daemon adds its annotations to every reply', async () => {
    const daemon = await startDaemon({ annotations: () => ({ TEST: Buffer.from('note') }) });
    const peer = await open(daemon);
    peer.connect();
    expect((await peer.next()).annotations.get('TEST')?.toString()).toBe('note');
    peer.invoke('Pyro.Daemon', 'ping');
    expect((await peer.next()).annotations.get('TEST')?.toString()).toBe('note');
  });

  it('a daemon serves the members that a subclass adds to the daemon object', async () => {
    class Extended extends DaemonObject {
      version(): string {
        return '1.0';
      }
    }
    expose(Extended);
    const daemon = await startDaemon({ daemonObject: Extended });
    const peer = await join(daemon);
    expect(await peer.call('Pyro.Daemon', 'version')).toBe('1.0');
    expect(await peer.call('Pyro.Daemon', 'registered')).toEqual(['Pyro.Daemon']);
    expect(await peer.call('Pyro.Daemon', 'info')).toContain(`bound on ${daemon.locationStr}, NAT None, 1 objects`);
  });
});

describe('registration', () => {
  it('a daemon refuses to register an object or an id twice, unless forced', async () => {
    const { daemon, thing } = await serveThing();
    expect(() => daemon.register(thing, 'again')).toThrow('object or class already has a Pyro id: "thing"');
    expect(() => daemon.register(new Thing(), 'thing')).toThrow('already registered with that id: "thing"');
    daemon.register(thing, 'again', { force: true });
    const peer = await join(daemon);
    for (const id of ['thing', 'again']) expect(await peer.call(id, 'hello')).toBe('hello');
    daemon.unregister(thing);
    for (const id of ['thing', 'again']) expect((await peer.fail(id, 'hello')).args).toEqual(['unknown object']);
  });

  it('a daemon unregisters objects by id or by reference, but never the daemon object', async () => {
    const { daemon, thing } = await serveThing();
    daemon.unregister(thing);
    daemon.unregister('unknown');
    daemon.unregister('Pyro.Daemon');
    expect(() => daemon.unregister(thing)).toThrow("object isn't registered");
    expect(daemon.objectCount).toBe(1);
  });

  it('register() makes a random id, and refuses an id that no URI can hold', async () => {
    const daemon = await startDaemon();
    expect(daemon.register(new Thing()).object).toMatch(/^obj_[0-9a-f]{32}$/);
    expect(() => daemon.register(new Thing(), 'with space')).toThrow('cannot stand in a URI');
  });

  it('a daemon refuses to register an object before it listens', () => {
    expect(() => new PyroDaemon().register(new Thing())).toThrow('does not listen yet');
  });

  it('tracked resources are closed when their connection ends, except untracked ones', async () => {
    const closed: string[] = [];
    const kept: object[] = [];
    const daemon = await startDaemon();
    class Lender {
      lend(name: string): void {
        const resource = { close: () => closed.push(name) };
        kept.push(resource);
        const context = currentContext()!;
        context.track(resource);
        if (name === 'returned') context.untrack(resource);
      }
    }
    expose(Lender);
    daemon.register(new Lender(), 'lender');
    const peer = await join(daemon);
    for (const name of ['first', 'returned', 'last']) await peer.call('lender', 'lend', name);
    expect(closed).toEqual([]);
    peer.end();
    await eventually(() => closed.length === 2);
    expect(closed).toEqual(['last', 'first']);
    expect(kept).toHaveLength(3);
  });

  it('resources that a stream tracks after its connection ended are closed when the stream ends', async () => {
    const closed: string[] = [];
    const kept: object[] = [];
    const daemon = await startDaemon();
    class Lender {
      *items(): Generator<string> {
        for (const name of ['early', 'late', 'returned']) {
          const resource = { close: () => closed.push(name) };
          kept.push(resource);
          currentContext()!.track(resource);
          if (name === 'returned') currentContext()!.untrack(resource);
          yield name;
        }
      }
    }
    daemon.register(new (expose(Lender))(), 'lender');
    const peer = await join(daemon);
    peer.invoke('lender', 'items');
    const id = (await peer.next()).annotations.get('STRM')!.toString();
    expect(await peer.call('Pyro.Daemon', 'get_next_stream_item', id)).toBe('early');
    peer.end();
    await eventually(() => closed.length === 1);
    const again = await join(daemon);
    expect(await again.call('Pyro.Daemon', 'get_next_stream_item', id)).toBe('late');
    expect(await again.call('Pyro.Daemon', 'get_next_stream_item', id)).toBe('returned');
    expect(closed).toEqual(['early']);
    await again.call('Pyro.Daemon', 'close_stream', id);
    await eventually(() => closed.length === 2);
    expect(closed).toEqual(['early', 'late']);
    expect(kept).toHaveLength(3);
  });

  it('a resource that is tracked when call and connection have ended is closed at once', async () => {
    const closed: string[] = [];
    const resourceOf = (name: string): object => ({ close: () => closed.push(name) });
    const [during, after] = [resourceOf('during the call'), resourceOf('after the end')];
    const daemon = await startDaemon();
    let context: CallContext | undefined;
    class Lender {
      lend(): void {
        context = currentContext();
        context!.track(during);
      }
    }
    daemon.register(new (expose(Lender))(), 'lender');
    const peer = await join(daemon);
    await peer.call('lender', 'lend');
    peer.end();
    await eventually(() => closed.length === 1);
    context!.track(after);
    await eventually(() => closed.length === 2);
    expect(closed).toEqual(['during the call', 'after the end']);
  });
});
