import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { behavior, expose, oneway, PyroDaemon, PyroProxy, type PyroProxyOptions, type RemoteObject } from '../../../lib/core.js';
import { FLAGS } from '../../../lib/protocol/constants.js';
import { Deadline } from '../../../lib/calls/deadline.js';
import { HANDLE } from '../../../lib/client/proxy/proxy-traps.js';
import { PyroClient } from '../../../lib/index.js';
import { authorize, reply, ScriptedDaemon } from './scripted-daemon.js';

let notes: unknown[] = [];
let testEnd: Promise<void>;

class Notebook {
  private text = '';
  note(value: unknown): void {
    notes.push(value);
  }
  jot(value: unknown): void {
    notes.push(value);
  }
  async slow(ms: number): Promise<void> {
    await sleep(ms);
    notes.push('slow');
  }
  /** Ends with the test. */
  hang(): Promise<void> {
    return testEnd;
  }
  get title(): string {
    return this.text;
  }
  set title(text: string) {
    this.text = text;
    notes.push(text);
  }
}
expose(Notebook, 'note', 'jot', 'slow', 'hang', 'title');
oneway(Notebook, 'jot');
behavior({ instanceMode: 'single' })(Notebook);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function served(options: PyroProxyOptions = {}): Promise<{ notebook: RemoteObject<Notebook>; uri: string }> {
  notes = [];
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => daemon.close());
  testEnd = new Promise((resolve) => cleanups.push(resolve));
  const uri = String(daemon.register(Notebook, 'notebook'));
  return { notebook: PyroProxy.to<Notebook>(uri, options), uri };
}

let open: () => void;

/** A proxy whose handshakes are answered after the test calls `open`. */
async function slowToConnect(): Promise<{ notebook: RemoteObject<Notebook> }> {
  notes = [];
  const opened = new Promise<void>((resolve) => (open = resolve));
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', validateHandshake: () => opened });
  cleanups.push(() => daemon.close(), open);
  return { notebook: PyroProxy.to<Notebook>(daemon.register(Notebook, 'notebook')) };
}

describe('$release() after calls that nobody awaits', () => {
  it.each([
    ['a connected proxy', true],
    ['a proxy that is not connected yet', false],
  ])('$release() sends every call that was made before it, over %s', async (_, isConnected) => {
    const { notebook } = await served();
    if (isConnected) await notebook.$connect();
    void notebook.note(1);
    void notebook.jot(2);
    void notebook.$set('title', 'a title');
    void notebook.$batch((batch) => batch.note(3));
    void notebook.$batch((batch) => batch.note(4), { oneway: true });
    void notebook.$with({ oneway: true }).note(5);
    void notebook.$call('note', 6);
    await notebook.$release();
    await expect.poll(() => notes).toEqual([1, 2, 'a title', 3, 4, 5, 6]);
    await expect(notebook.note(7)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
  });

  it.each([
    ['a call waits', true],
    ['no call waits', false],
  ])('a proxy in a result keeps its session after the $release() of its parent, when %s', async (_, waits) => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    let tellBegun: () => void;
    const begun = new Promise<void>((resolve) => (tellBegun = resolve));
    let letGo: () => void = () => undefined;
    class Motor {
      private steps = 0;
      async hold(): Promise<void> {
        tellBegun();
        await new Promise<void>((resolve) => (letGo = resolve));
      }
      step(): number {
        return ++this.steps;
      }
    }
    expose(Motor, 'hold', 'step');
    behavior({ instanceMode: 'session' })(Motor);
    daemon.register(Motor, 'motor');
    class Factory {
      motor(): unknown {
        return daemon.proxyFor('motor');
      }
    }
    expose(Factory, 'motor');
    const factory = await PyroProxy.connect<{ motor(): RemoteObject<Motor> }>(daemon.register(new Factory(), 'factory'));
    const motor = await factory.motor();
    const calls: Promise<unknown>[] = [motor.hold()];
    await begun;
    if (waits) calls.push(motor.step());
    await factory.$release();
    letGo();
    await Promise.all(calls);
    await expect.poll(() => motor.$connected).toBe(false);
    expect([await motor.step(), await motor.step(), await motor.step()]).toEqual([1, 2, 3]);
    await motor.$release();
  });

  it('$release() closes a proxy in a result that was about to connect, after its calls', async () => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    class Factory {
      readonly notebook = new Notebook();
      make(): Notebook {
        return this.notebook;
      }
    }
    expose(Factory, 'make');
    const maker = new Factory();
    daemon.register(maker.notebook, 'made');
    const factory = await PyroProxy.connect<{ make(): RemoteObject<Notebook> }>(daemon.register(maker, 'factory'));
    const made = await factory.make();
    notes = [];
    const noted = [1, 2, 3].map((value) => made.note(value));
    await factory.$release();
    await Promise.all(noted);
    expect(notes).toEqual([1, 2, 3]);
    await expect.poll(() => daemon.connections.length).toBe(0);
    expect(made.$connected).toBe(false);
  });

  it('$release() sends a large compressed call that was made before it', async () => {
    const { notebook } = await served({ compression: true });
    await notebook.$connect();
    const text = 'x'.repeat(1_000_000);
    void notebook.note(text);
    await notebook.$release();
    await expect.poll(() => notes).toEqual([text]);
  });

  it('a $release() ends the $connect() that waits for the release before it', async () => {
    const { notebook } = await slowToConnect();
    void notebook.note('sent');
    const first = notebook.$release();
    const connecting = notebook.$connect().catch((error: unknown) => error);
    const second = notebook.$release();
    expect(await connecting).toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
    open();
    await Promise.all([first, second]);
    await expect.poll(() => notes).toEqual(['sent']);
    expect(notebook.$connected).toBe(false);
    await expect(notebook.note('late')).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await notebook.$connect();
    expect(notebook.$connected).toBe(true);
    await notebook.$release();
  });

  it('a $connect() that waits for a release connects after it', async () => {
    const { notebook } = await slowToConnect();
    void notebook.note('sent');
    const releasing = notebook.$release();
    const connecting = notebook.$connect();
    open();
    await releasing;
    await connecting;
    expect(notebook.$connected).toBe(true);
    await notebook.$release();
  });

  it('a signal and a deadline end a connect that waits for a release', async () => {
    const { notebook } = await slowToConnect();
    const { core } = notebook[HANDLE];
    void notebook.note('sent');
    const releasing = notebook.$release();
    const controller = new AbortController();
    const connecting = core.connect(new Deadline('connecting', 0, controller.signal));
    controller.abort(new Error('given up'));
    await expect(connecting).rejects.toThrow('given up');
    await expect(core.connect(new Deadline('connecting', 5, undefined))).rejects.toMatchObject({ code: 'TIMEOUT', sent: false });
    open();
    await releasing;
    expect(notebook.$connected).toBe(false);
  });

  it('the end of an await using block sends what was called in the block', async () => {
    const { notebook } = await served();
    await (async () => {
      await using used = notebook;
      void used.jot('in the block');
    })();
    await expect.poll(() => notes).toEqual(['in the block']);
  });

  it('$release() does not wait for the reply of a call that was sent', async () => {
    const { notebook } = await served();
    await notebook.$connect();
    const call = notebook.hang().catch((error: unknown) => error);
    await notebook.$release();
    expect(await call).toMatchObject({ code: 'CONNECTION_CLOSED', sent: true });
  });

  it('a second $release() and a $connect() wait for the calls that are still being sent', async () => {
    const { notebook } = await served();
    void notebook.slow(50);
    void notebook.note(1);
    const releases = [notebook.$release(), notebook.$release()];
    await notebook.$connect();
    await Promise.all(releases);
    await notebook.note(2);
    expect(notes).toEqual(['slow', 1, 2]);
    await notebook.$release();
  });

  it('$release() sends a call that waits over 2 s for the handshake', async () => {
    let answer = (): void => undefined;
    let ask = (): void => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const daemon = await PyroDaemon.listen({
      host: '127.0.0.1',
      validateHandshake: () => {
        ask();
        return new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
      },
    });
    cleanups.push(() => daemon.close());
    notes = [];
    const notebook = PyroProxy.to<Notebook>(daemon.register(Notebook, 'notebook'));
    void notebook.note('late');
    const release = notebook.$release();
    await asked;
    await sleep(2_100);
    answer();
    await release;
    await expect.poll(() => notes).toEqual(['late']);
  });

  it('close() of a PyroClient sends what was emitted before it', async () => {
    const { uri } = await served();
    const client = new PyroClient<Notebook>({ uri });
    client.emit('note', 'emitted');
    client.emit({ set: 'title' }, 'written');
    await client.close();
    await expect.poll(() => notes).toEqual(['emitted', 'written']);
  });
});

describe('a release ends a call whose promise the program dropped, and the program goes on:', () => {
  interface Thing {
    call(): void;
    attribute: number;
  }
  const forms: Record<string, (thing: RemoteObject<Thing>) => Promise<unknown>> = {
    'a method': (thing) => thing.call(),
    'a method by its name': (thing) => thing.$call('call'),
    'a method with options': (thing) => thing.$with({ callTimeoutMs: 100_000 }).call(),
    'an attribute that is read': (thing) => thing.$get('attribute'),
    'an attribute that is written': (thing) => thing.$set('attribute', 1),
    'a batch': (thing) => thing.$batch((batch) => batch.call()),
    'an item of a stream': (thing) => streamOf(thing).then((stream) => void stream.next()),
  };
  const streamOf = (thing: RemoteObject<Thing>): Promise<AsyncIterator<unknown>> =>
    thing.$call('stream') as Promise<AsyncIterator<unknown>>;

  it.each(Object.entries(forms))('a program goes on when a release ends a call whose promise it dropped: %s', async (_, call) => {
    let ask = (): void => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const daemon = await ScriptedDaemon.listen(async (peer) => {
      await authorize(peer);
      const request = await peer.next();
      if (request.data.includes("'stream'")) {
        const annotations = new Map([['STRM', Buffer.from('stream-1')]]);
        reply(peer, request, '', { flags: FLAGS.correlationId | FLAGS.exception | FLAGS.itemStream, annotations });
        await peer.next();
      }
      ask();
      await peer.untilClosed();
    });
    cleanups.push(() => daemon.close());
    const unhandled: unknown[] = [];
    const note = (error: unknown): number => unhandled.push(error);
    process.on('unhandledRejection', note);
    cleanups.push(() => process.off('unhandledRejection', note));
    const thing = PyroProxy.to<Thing>(daemon.uri);
    void call(thing);
    await asked;
    await thing.$release();
    await sleep(1);
    expect(unhandled).toEqual([]);
  });
});
