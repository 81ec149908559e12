import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { currentContext, expose, locateNameServer, PyroDaemon, PyroProxy, startNameServer } from '../../../lib/core.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { closeAfter, eventually } from '../nest/fixtures.js';

/** The last object of a way. Its calls tell their correlation id. */
class End {
  get gain(): number {
    return 1;
  }
  id(): string {
    return currentContext()!.correlationId;
  }
  *count(to: number): Generator<number> {
    for (let at = 1; at <= to; at++) yield at;
  }
  /** Reads a stream of an object elsewhere, and gives its items after the id of this call. */
  async read(uri: string): Promise<string[]> {
    await using middle = PyroProxy.to<RemoteMiddle>(uri);
    const given = [currentContext()!.correlationId];
    for await (const id of await middle.ids(2)) given.push(id);
    return given;
  }
}
expose(End, 'gain', 'id', 'count', 'read');

interface RemoteMiddle {
  ids(count: number): Generator<string>;
  stream: Iterator<string>;
}

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = trace.getTracer('test');

beforeAll(() => provider.register());
afterEach(() => exporter.reset());
afterAll(async () => {
  trace.disable();
  context.disable();
  propagation.disable();
  await provider.shutdown();
});

const named = (name: string, kind?: SpanKind): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name && (kind === undefined || span.kind === kind));
const idOf = (span: ReadableSpan | undefined): string => span!.spanContext().spanId;
const traceOf = (span: ReadableSpan | undefined): string => span!.spanContext().traceId;
const parentOf = (span: ReadableSpan | undefined): string | undefined => span!.parentSpanContext?.spanId;
const plain = (id: unknown): string => String(id).replaceAll('-', '');

async function serveEnd(): Promise<{ daemon: PyroDaemon; uri: string }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  closeAfter(() => daemon.close());
  return { daemon, uri: String(daemon.register(new End(), 'end')) };
}

describe('streams', () => {
  let python: PythonInterpreter;
  beforeAll(async () => void (python = await PythonInterpreter.start()));
  afterAll(() => python.stop());

  /** Serves an object of an untouched Python program, whose stream calls `end` for each item and at its end. */
  async function serveMiddle(uri: string): Promise<string> {
    return python.run<string>(
      `
      @Pyro5.api.expose
      class Middle:
        def ids(self, count):
          try:
            for _ in range(count):
              with Pyro5.api.Proxy(uri) as end:
                id = end.id()
              yield id
          finally:
            with Pyro5.api.Proxy(uri) as end:
              end.id()
        @property
        def stream(self):
          return self.ids(2)
      daemon = Pyro5.api.Daemon()
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      return str(daemon.register(Middle(), 'middle'))
      `,
      { uri },
    );
  }

  it('the items of a stream of an untouched Python program are in the trace of the call that opened the stream, with its correlation id, and so is its closing', async () => {
    const { uri } = await serveEnd();
    await using middle = await PyroProxy.connect<RemoteMiddle>(await serveMiddle(uri));
    const ids: string[] = [];
    for await (const id of await middle.ids(3)) if (ids.push(id) === 2) break;
    // two items, and the closing
    await eventually(() => named('end/id', SpanKind.SERVER).length === 3);
    const [client] = named('middle/ids', SpanKind.CLIENT);
    expect(named('end/id', SpanKind.SERVER).map((span) => [traceOf(span), parentOf(span)])).toEqual(
      Array.from({ length: 3 }, () => [traceOf(client), idOf(client)]),
    );
    expect(ids.map(plain)).toEqual([traceOf(client), traceOf(client)]);
  }, 60_000);

  it('the items of a stream that an attribute gives, read in a span, are in the trace of the span', async () => {
    const { uri } = await serveEnd();
    await using middle = await PyroProxy.connect<RemoteMiddle>(await serveMiddle(uri));
    const own = tracer.startSpan('own');
    await context.with(trace.setSpan(context.active(), own), async () => {
      for await (const id of await middle.$get('stream')) expect(plain(id)).toBe(own.spanContext().traceId);
    });
    await eventually(() => named('end/id', SpanKind.SERVER).length === 3);
    expect(new Set(named('end/id', SpanKind.SERVER).map(traceOf))).toEqual(new Set([own.spanContext().traceId]));
  }, 60_000);

  it('the items of a stream that a served call reads are children of its span, with the correlation id of the call', async () => {
    const { uri } = await serveEnd();
    const middle = await serveMiddle(uri);
    await using end = PyroProxy.to<{ read(uri: string): string[] }>(uri);
    const ids = await end.read(middle);
    expect(new Set(ids).size).toBe(1);
    await eventually(() => named('end/id', SpanKind.SERVER).length === 3);
    const [opening] = named('middle/ids', SpanKind.CLIENT);
    expect(named('end/id', SpanKind.SERVER).map(parentOf)).toEqual(Array.from({ length: 3 }, () => idOf(opening)));
    expect(parentOf(opening)).toBe(idOf(named('end/read', SpanKind.SERVER)[0]));
  }, 60_000);

  it('a stream that goes on over another connection makes no spans but that of connecting, in its own trace', async () => {
    const { daemon, uri } = await serveEnd();
    await using end = await PyroProxy.connect<{ count(to: number): Generator<number> }>(uri);
    const items: number[] = [];
    for await (const item of await end.count(4)) {
      items.push(item);
      if (item !== 2) continue;
      daemon.connections[0]!.close();
      await expect.poll(() => end.$connected).toBe(false);
      exporter.reset();
    }
    expect(items).toEqual([1, 2, 3, 4]);
    await eventually(() => named('end/count', SpanKind.SERVER).length === 1);
    const [server] = named('end/count');
    const [connect] = named('pyro connect');
    expect(exporter.getFinishedSpans()).toHaveLength(2);
    expect([traceOf(connect), parentOf(connect)]).toEqual([traceOf(server), parentOf(server)]);
  });
});

describe('lookups', () => {
  it('a lookup at a name server is a child of the span of the lookup, with the correlation id of the call', async () => {
    const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
    closeAfter(() => nameServer.close());
    const { host, port } = nameServer.uri;
    const at = { host: host!, port: port!, broadcast: false };
    const { uri: served } = await serveEnd();
    await using names = await locateNameServer(at);
    await names.register('lab.end', served, { metadata: ['lab'] });
    for (const uri of ['PYRONAME:lab.end', 'PYROMETA:lab']) {
      exporter.reset();
      await using end = PyroProxy.to<{ id(): string }>(uri, { nameServer: at });
      const id = await end.id();
      const answers = (): ReadableSpan[] => [...named('Pyro.NameServer/lookup'), ...named('Pyro.NameServer/yplookup')];
      await eventually(() => answers().length === 1 && named('end/id', SpanKind.SERVER).length === 1);
      const [lookup] = named('pyro lookup');
      expect([traceOf(lookup), parentOf(answers()[0])]).toEqual([plain(id), idOf(lookup)]);
      expect(answers()[0]!.attributes['pyro.correlation_id']).toBe(id);
    }
  });
});

describe('names', () => {
  it('reading or setting an unknown attribute is _OTHER on both sides, which tell the attribute', async () => {
    const { uri } = await serveEnd();
    await using end = await PyroProxy.connect<End>(uri);
    expect(await end.$get('gain')).toBe(1);
    await eventually(() => named('end/__getattr__').length === 2);
    const other = end as unknown as PyroProxy & {
      $get(name: string): Promise<unknown>;
      $set(name: string, v: unknown): Promise<void>;
    };
    await expect(other.$get('made\nup')).rejects.toThrow('made');
    await expect(other.$set('up', 1)).rejects.toThrow('up');
    await eventually(() => named('_OTHER').length === 4);
    for (const kind of [SpanKind.CLIENT, SpanKind.SERVER]) {
      expect(
        named('_OTHER', kind).map(({ attributes }) => [attributes['rpc.method'], attributes['rpc.method_original']]),
      ).toEqual([
        ['_OTHER', 'end/made\\u000aup'],
        ['_OTHER', 'end/up'],
      ]);
    }
  });

  it('the first call of a proxy has its name, also when many names were not confirmed before', async () => {
    const { uri } = await serveEnd();
    for (let at = 0; at < 110; at++) {
      await using away = PyroProxy.to<{ id(): string }>(`PYRO:away.${at}@127.0.0.1:1`, { maxRetries: 0 });
      await expect(away.id()).rejects.toThrow('cannot connect');
    }
    exporter.reset();
    await using end = PyroProxy.to<{ count(to: number): Generator<number> }>(uri);
    await (await end.count(1)).return();
    await eventually(() => named('end/count').length === 2);
    expect(named('_OTHER')).toEqual([]);
  });
});
