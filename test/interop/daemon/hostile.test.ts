import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expose, type ObjectGuard, PyroDaemon, type PyroDaemonOptions } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* What Python's client sees of the limits and guards that keep hostile peers out. */

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

class Thing {
  constructor(private readonly daemon: PyroDaemon) {}
  hello(): string {
    return 'hello';
  }
  big(bytes: number): string {
    return 'x'.repeat(bytes);
  }
  make(): Thing {
    const made = new Thing(this.daemon);
    this.daemon.register(made);
    return made;
  }
  *items(): Generator<number> {
    for (let i = 0; ; i++) yield i;
  }
  private readonly noted: string[] = [];
  note(text: string): void {
    this.noted.push(text);
  }
  notes(): string[] {
    return this.noted;
  }
  unwritable(): unknown {
    return Symbol('no');
  }
  hang(): Promise<never> {
    return new Promise(() => undefined);
  }
}
expose(Thing, 'hello', 'big', 'make', 'items', 'hang', 'note', 'notes', 'unwritable');

const guard: ObjectGuard = ({ data }) => {
  if (data !== 'secret') throw new Error('wrong password');
  // a new object for each connection, as a guard makes of a token
  return { principal: { name: 'ann' }, principalKey: 'ann' };
};

let daemon: PyroDaemon;
afterEach(() => daemon.close());

async function serve(options: PyroDaemonOptions = {}, guards?: ObjectGuard): Promise<string> {
  daemon = await PyroDaemon.listen({ host: '127.0.0.1', ...options });
  return String(daemon.register(new Thing(daemon), 'thing', guards && { guards }));
}

it('a batch whose results are too large gives Python the results before them, and then an error that names the limit', async () => {
  const uri = await serve({ maxMessageBytes: 100_000 });
  const seen = await python.run<unknown[]>(
    `
    with Pyro5.client.Proxy(uri) as p:
        batch = Pyro5.client.BatchProxy(p)
        batch.hello()
        batch.big(10)
        batch.big(200000)
        batch.hello()
        seen = []
        try:
            for result in batch():
                seen.append(result)
        except Exception as x:
            seen.append(str(x))
        return seen + [p.hello()]
    `,
    { uri },
  );
  expect(seen).toEqual([
    'hello',
    'xxxxxxxxxx',
    expect.stringContaining('the results of the batch are over maxMessageBytes (100000) from entry 3 on'),
    'hello',
  ]);
});

it('a batch with a result that cannot be written runs all its entries, and is answered with one error, as by a daemon of Python', async () => {
  const uri = await serve({ maxIntDigits: 4_300 });
  const use = `
    def use(uri):
        with Pyro5.client.Proxy(uri) as p:
            batch = Pyro5.client.BatchProxy(p)
            batch.note('a')
            batch.unwritable()
            batch.note('b')
            seen = []
            try:
                for result in batch():
                    seen.append(result)
            except Exception as x:
                seen.append('failed')
            return [seen, list(p.notes())]
    `;
  const ofOurs = await python.run(`${use}\n    return use(uri)`, { uri });
  const ofPython = await python.run(
    `
    import threading
    @Pyro5.api.expose
    class Thing:
        def __init__(self): self.noted = []
        def note(self, text): self.noted.append(text)
        def notes(self): return self.noted
        def unwritable(self): return object
    ${use.trim()}
    served = Pyro5.api.Daemon('127.0.0.1')
    at = served.register(Thing())
    threading.Thread(target=served.requestLoop, daemon=True).start()
    try:
        return use(at)
    finally:
        served.shutdown()
    `,
    {},
  );
  expect(ofOurs).toEqual([['failed'], ['a', 'b']]);
  expect(ofPython).toEqual(ofOurs);
});

it('Python uses what a guarded method made over its own connection, and no stranger can', async () => {
  const uri = await serve({}, guard);
  const seen = await python.run(
    `
    with Pyro5.client.Proxy(uri) as p:
        p._pyroHandshake = 'secret'
        made = p.make()
        made._pyroHandshake = 'secret'
        mine = made.hello()
        try:
            with Pyro5.client.Proxy(str(made._pyroUri)) as stranger:
                stranger.hello()
        except Pyro5.errors.CommunicationError as x:
            return [mine, str(x).split('rejected: ')[1]]
    `,
    { uri },
  );
  expect(seen).toEqual(['hello', 'wrong password']);
});

it('a stream goes on for Python after a reconnect, by the key of its principal', async () => {
  const uri = await serve({}, guard);
  const seen = await python.run(
    `
    with Pyro5.client.Proxy(uri) as p:
        p._pyroHandshake = 'secret'
        items = p.items()
        seen = [next(items), next(items)]
        p._pyroRelease()
        p._pyroReconnect()
        return seen + [next(items)]
    `,
    { uri },
  );
  expect(seen).toEqual([0, 1, 2]);
});

it('Python is told when it may try again after too many failed handshakes, and other clients are told which limit is reached', async () => {
  const uri = await serve({ maxFailedHandshakes: 2, limitLoopback: true }, guard);
  const texts = await python.run<string[]>(
    `
    texts = []
    for password in ['a', 'b', 'secret']:
        try:
            with Pyro5.client.Proxy(uri) as p:
                p._pyroHandshake = password
                p.hello()
        except Pyro5.errors.CommunicationError as x:
            texts.append(str(x).split('rejected: ')[1])
    return texts
    `,
    { uri },
  );
  expect(texts).toEqual([
    'wrong password',
    'wrong password',
    expect.stringMatching(/^too many failed handshakes .*\. Retry in \d+ s$/),
  ]);
});

it('Python clients that disconnect during a call free their slots', async () => {
  const uri = await serve({ maxConnections: 2 });
  const seen = await python.run(
    `
    for i in range(4):
        p = Pyro5.client.Proxy(uri)
        p._pyroBind()
        p._pyroTimeout = 0.2
        try:
            p.hang()
        except Pyro5.errors.TimeoutError:
            pass
        p._pyroRelease()
    for attempt in range(200):
        try:
            with Pyro5.client.Proxy(uri) as p:
                return p.hello()
        except Pyro5.errors.CommunicationError:
            time.sleep(0.1)
    `,
    { uri },
  );
  expect(seen).toBe('hello');
});
