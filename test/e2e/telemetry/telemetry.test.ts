import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CanActivate } from '@nestjs/common';
import { UseGuards } from '@nestjs/common';
import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { currentContext, startNameServer } from '../../../lib/core.js';
import {
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroModule,
  PyroProxy,
  type PyroServerOptions,
  type RemoteObject,
} from '../../../lib/index.js';
import { CLIENT_METRICS } from '../../../lib/telemetry/client-metrics.js';
import { DAEMON_METRICS } from '../../../lib/telemetry/daemon-metrics.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { closeAfter, eventually, serve } from '../nest/fixtures.js';
import { TypeScriptPrograms } from '../nest/programs/typescript-program.js';

const tracer = trace.getTracer('test');
/** Let the methods go on that hang. */
const hanging: (() => void)[] = [];

class TracedGuard implements CanActivate {
  canActivate(): boolean {
    tracer.startSpan('guard').end();
    return true;
  }
}

@PyroController({ objectId: 'oven', name: 'lab.oven', instanceMode: 'single' })
@UseGuards(TracedGuard)
class Oven {
  @PyroMethod() async heat(celsius: number): Promise<number> {
    await new Promise(setImmediate);
    tracer.startSpan('method').end();
    if (celsius > 1_200) throw new RangeError('too hot');
    return celsius;
  }
  @PyroMethod() *crack(): Generator<number> {
    yield 1;
    throw new RangeError('cracked');
  }
  /** Passes a value on to an object elsewhere. Gives its answer, and the correlation id of this call. */
  @PyroMethod() async ask(uri: string, value: number): Promise<[number, string]> {
    await using next = PyroProxy.to<{ work(value: number): number }>(uri);
    return [await next.work(value), currentContext()!.correlationId];
  }
  @PyroMethod() async hang(): Promise<void> {
    await new Promise<void>((resolve) => hanging.push(resolve));
  }
  @PyroMethod() *curve(): Generator<number> {
    for (let at = 0; at < 2; at++) {
      tracer.startSpan(`item ${at}`).end();
      yield at;
    }
  }
}

interface RemoteOven {
  heat(celsius: number): number;
  hang(): void;
  curve(): Generator<number>;
  crack(): Generator<number>;
}

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const prometheus = new PrometheusExporter({ preventServerStart: true });
const meters = new MeterProvider({ readers: [prometheus] });
let python: PythonInterpreter;

beforeAll(async () => {
  provider.register();
  metrics.setGlobalMeterProvider(meters);
  python = await PythonInterpreter.start();
});
afterEach(() => exporter.reset());
afterAll(async () => {
  python.stop();
  trace.disable();
  metrics.disable();
  context.disable();
  propagation.disable();
  await provider.shutdown();
  await meters.shutdown();
});

const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string, kind?: SpanKind): ReadableSpan[] =>
  spans().filter((span) => span.name === name && (kind === undefined || span.kind === kind));
const idOf = (span: ReadableSpan | undefined): string => span!.spanContext().spanId;
const traceOf = (span: ReadableSpan | undefined): string => span!.spanContext().traceId;
const parentOf = (span: ReadableSpan | undefined): string | undefined => span!.parentSpanContext?.spanId;

async function serveOven(options: PyroServerOptions = {}): Promise<{ uri: string; daemon: PyroDaemon }> {
  const { server } = await serve({ providers: [Oven] }, options);
  const daemon = server.unwrap<PyroDaemon>();
  return { uri: String(daemon.uriFor('oven')), daemon };
}

async function scrape(): Promise<string> {
  const http = createServer((request, response) => prometheus.getMetricsRequestHandler(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = http.address() as AddressInfo;
    return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  } finally {
    http.close();
  }
}

describe('spans', () => {
  it('spans of client and server are one trace, with guard and method inside, and the names of the conventions', async () => {
    const { uri, daemon } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    expect(await oven.heat(20)).toBe(20);
    await eventually(() => named('oven/heat').length === 2);
    const [client] = named('oven/heat', SpanKind.CLIENT);
    const [server] = named('oven/heat', SpanKind.SERVER);
    expect(new Set([client, server, ...named('guard'), ...named('method')].map(traceOf)).size).toBe(1);
    expect(parentOf(server)).toBe(idOf(client));
    expect([...named('guard'), ...named('method')].map(parentOf)).toEqual([idOf(server), idOf(server)]);
    const [host, port] = daemon.locationStr.split(':');
    const both = { 'rpc.system.name': 'pyro5', 'rpc.method': 'oven/heat', 'server.address': host, 'server.port': Number(port) };
    expect(client!.attributes).toEqual(both);
    expect(server!.attributes).toEqual({
      ...both,
      'client.address': '127.0.0.1',
      'client.port': expect.any(Number) as number,
      'pyro.correlation_id': expect.stringMatching(/^[-0-9a-f]{36}$/) as string,
      'pyro.serializer': 'serpent',
    });
    expect((server!.attributes['pyro.correlation_id'] as string).replaceAll('-', '')).toBe(traceOf(server));
  });

  it('spans of a failed call have the Python class as error.type on both sides', async () => {
    const { uri } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    await expect(oven.heat(2_000)).rejects.toThrow('too hot');
    await eventually(() => named('oven/heat').length === 2);
    for (const span of named('oven/heat')) {
      expect(span.attributes['error.type']).toBe('builtins.ValueError');
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
    }
  });

  it('the span of a call over callTimeoutMs ends with the TimeoutError, although the method goes on', async () => {
    const { uri, daemon } = await serveOven({ callTimeoutMs: 20 });
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    await expect(oven.hang()).rejects.toThrow('callTimeoutMs');
    await eventually(() => named('oven/hang', SpanKind.SERVER).length === 1);
    const [server] = named('oven/hang', SpanKind.SERVER);
    expect(server!.attributes).toMatchObject({ 'error.type': 'builtins.TimeoutError', 'pyro.method_goes_on': true });
    expect(daemon.inspect().totals.requestsInProgress).toBe(1);
    await using other = PyroProxy.to<RemoteOven>(uri);
    await expect(
      other.$batch((batch) => {
        batch.heat(1);
        batch.hang();
      }),
    ).rejects.toThrow('callTimeoutMs');
    await eventually(() => named('oven/<batch>', SpanKind.SERVER).length === 1);
    expect(
      [...named('oven/heat', SpanKind.INTERNAL), ...named('oven/hang', SpanKind.INTERNAL)].map(({ attributes }) => [
        attributes['error.type'],
        attributes['pyro.method_goes_on'],
      ]),
    ).toEqual([
      [undefined, undefined],
      ['builtins.TimeoutError', true],
    ]);
    const timedOut = ['rpc_server_call_duration_count', `server_port="${daemon.locationStr.split(':')[1]}"`, 'TimeoutError'];
    const counted = (await scrape()).split('\n').filter((line) => timedOut.every((text) => line.includes(text)));
    expect(counted.map((line) => [/rpc_method="(.*?)"/.exec(line)![1], line.split('} ')[1]![0]])).toEqual([
      ['oven/hang', '2'],
      ['oven/<batch>', '1'],
    ]);
    for (const goOn of hanging.splice(0)) goOn();
  });

  it('the exception of a span is printable and cut', async () => {
    const { uri } = await serveOven();
    await using oven = await PyroProxy.connect<{ $call(name: string): Promise<unknown> }>(uri);
    await expect(oven.$call(`\x1b[2J\n${'x'.repeat(100_000)}`)).rejects.toThrow('unknown');
    await eventually(() => named('_OTHER').length === 2);
    for (const { events } of named('_OTHER')) {
      const { attributes = {} } = events.find(({ name }) => name === 'exception')!;
      expect(attributes['exception.message']).toContain('\\u001b[2J\\u000ax');
      const texts = Object.values(attributes).map(String);
      expect(Math.max(...texts.map(({ length }) => length))).toBeLessThan(20_000);
      expect(texts.filter((text) => /\x1b|\n(?! )/.test(text.replace(/\nRemote traceback:/, '')))).toEqual([]);
    }
  });

  it('the span of an unknown method is named _OTHER, and has the name that the program made up as an attribute', async () => {
    const { uri } = await serveOven();
    await using oven = await PyroProxy.connect<{ $call(name: string): Promise<unknown> }>(uri);
    await expect(oven.$call('made\nup')).rejects.toThrow('made');
    await eventually(() => named('_OTHER').length === 2);
    for (const { attributes } of named('_OTHER')) {
      expect(attributes).toMatchObject({
        'rpc.method': '_OTHER',
        'rpc.method_original': 'oven/made\\u000aup',
        'error.type': 'builtins.AttributeError',
      });
    }
  });

  it('the first 100 entries of a long batch have spans, and so has the entry that fails; metrics count each', async () => {
    const { uri, daemon } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    await expect(
      oven.$batch((batch) => {
        for (let entry = 0; entry < 150; entry++) batch.heat(entry);
        batch.heat(2_000);
        batch.heat(1);
      }),
    ).rejects.toThrow('too hot');
    await eventually(() => named('oven/<batch>').length === 2);
    const [batch] = named('oven/<batch>', SpanKind.SERVER);
    expect(batch!.attributes['pyro.batch.entries']).toBe(152);
    const entries = named('oven/heat', SpanKind.INTERNAL);
    expect(new Set(entries.map(parentOf))).toEqual(new Set([idOf(batch)]));
    expect(entries.map((span) => span.attributes['error.type'])).toEqual([...Array(100).fill(undefined), 'builtins.ValueError']);
    const failed = entries[100]!;
    expect(failed.status.code).toBe(SpanStatusCode.ERROR);
    const seconds = ([whole, nanos]: readonly [number, number]): number => whole + nanos / 1e9;
    expect(seconds(failed.startTime)).toBeGreaterThanOrEqual(seconds(entries[99]!.endTime) - 0.001);
    expect(seconds(failed.endTime)).toBeGreaterThanOrEqual(seconds(failed.startTime));
    // spans of the method belong to the span of the batch where the entry has none
    expect(named('method').map(parentOf)).toEqual([...entries.slice(0, 100).map(idOf), ...Array(51).fill(idOf(batch))]);
    const port = `server_port="${daemon.locationStr.split(':')[1]}"`;
    const counts = (await scrape()).split('\n').filter((line) => line.includes(port) && line.includes('oven/heat"'));
    const ofCalls = counts.filter((line) => line.startsWith('rpc_server_call_duration_count'));
    expect(ofCalls.map((line) => [line.includes('error_type'), line.split('} ')[1]!.split(' ')[0]])).toEqual([
      [false, '150'],
      [true, '1'],
    ]);
  });

  it('spans of the entries of a batch are children of the batch, which has the error of the entry that stopped it on both sides', async () => {
    const { uri, daemon } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    const tooHot = (batch: { heat(celsius: number): void }): void => {
      batch.heat(1);
      batch.heat(2_000);
    };
    await expect(oven.$batch(tooHot)).rejects.toThrow('too hot');
    await eventually(() => named('oven/<batch>').length === 2);
    const [batch] = named('oven/<batch>', SpanKind.SERVER);
    const entries = named('oven/heat', SpanKind.INTERNAL);
    expect(entries.map((span) => [parentOf(span), span.attributes['error.type']])).toEqual([
      [idOf(batch), undefined],
      [idOf(batch), 'builtins.ValueError'],
    ]);
    expect(named('method').map(parentOf)).toEqual(entries.map(idOf));
    for (const span of named('oven/<batch>')) {
      expect([span.attributes['error.type'], span.status.code]).toEqual(['builtins.ValueError', SpanStatusCode.ERROR]);
    }
    // the program may not throw, and a oneway batch has no reply
    await oven.$batch(tooHot, { settled: true });
    await oven.$batch(tooHot, { oneway: true });
    await eventually(() => named('oven/<batch>').length === 6);
    expect(named('oven/<batch>', SpanKind.SERVER).map((span) => span.attributes['error.type'])).toEqual(
      Array.from({ length: 3 }, () => 'builtins.ValueError'),
    );
    expect(named('oven/<batch>', SpanKind.CLIENT).map((span) => span.attributes['error.type'])).toEqual([
      'builtins.ValueError',
      'builtins.ValueError',
      undefined,
    ]);
    const failed = [`server_port="${daemon.locationStr.split(':')[1]}"`, 'oven/<batch>', 'error_type="builtins.ValueError"'];
    const counts = (await scrape())
      .split('\n')
      .filter((line) => failed.every((text) => line.includes(text)))
      .map((line) => /^(rpc_\w+_duration_count)\{.*\} (\d+)/.exec(line)?.slice(1))
      .filter((count) => count !== undefined);
    expect(counts).toEqual([
      ['rpc_server_call_duration_count', '3'],
      ['rpc_client_call_duration_count', '2'],
    ]);
  });

  it('the span of a oneway call that fails has the error on the server, which alone knows of it', async () => {
    const { uri } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    await oven.$with({ oneway: true }).heat(2_000);
    await eventually(() => named('oven/heat').length === 2);
    const typeOf = (kind: SpanKind): unknown => named('oven/heat', kind)[0]!.attributes['error.type'];
    expect([typeOf(SpanKind.SERVER), typeOf(SpanKind.CLIENT)]).toEqual(['builtins.ValueError', undefined]);
  });

  it('the span of a stream with an item that fails has the error on the server; on the client it has ended with the opening', async () => {
    const { uri } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    const crack = await oven.crack();
    await crack.next();
    await expect(crack.next()).rejects.toThrow('cracked');
    await eventually(() => named('oven/crack').length === 2);
    const typeOf = (kind: SpanKind): unknown => named('oven/crack', kind)[0]!.attributes['error.type'];
    expect([typeOf(SpanKind.SERVER), typeOf(SpanKind.CLIENT)]).toEqual(['builtins.ValueError', undefined]);
  });

  it('the span of a stream lasts until the stream is closed, and is active at its items', async () => {
    const { uri } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    const curve = await oven.curve();
    await curve.next();
    expect(named('oven/curve', SpanKind.SERVER)).toEqual([]);
    await curve.next();
    expect((await curve.next()).done).toBe(true);
    await eventually(() => named('oven/curve', SpanKind.SERVER).length === 1);
    const [server] = named('oven/curve', SpanKind.SERVER);
    expect([...named('item 0'), ...named('item 1')].map(parentOf)).toEqual([idOf(server), idOf(server)]);
    expect(spans().filter(({ name }) => name.includes('stream'))).toEqual([]);
  });

  it('spans of connecting and of the name lookup are children of the call that needs them', async () => {
    const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false, telemetry: false });
    closeAfter(() => nameServer.close());
    const { host, port } = nameServer.uri;
    const at = { host: host!, port: port!, broadcast: false };
    await serve({ providers: [Oven] }, { nameServer: at });
    exporter.reset();
    await using oven = PyroProxy.to<RemoteOven>('PYRONAME:lab.oven', { nameServer: at });
    await oven.heat(1);
    const [client] = named('lab.oven/heat', SpanKind.CLIENT);
    const [connect] = named('pyro connect');
    expect(parentOf(connect)).toBe(idOf(client));
    expect(named('pyro lookup').map(parentOf)).toEqual([idOf(connect)]);
    expect(connect!.attributes).toEqual({ 'rpc.system.name': 'pyro5', 'pyro.object': 'lab.oven' });
  });

  it('a connection that is opened after a break is a child of the call that waits for it', async () => {
    const { uri } = await serveOven();
    await using oven = PyroProxy.to<RemoteOven>(uri, { poolSize: 1 });
    await oven.$connect();
    exporter.reset();
    const broken = new AbortController();
    const hung = oven.$with({ signal: broken.signal }).hang();
    const waiting = tracer.startActiveSpan('waiting', (span) => oven.heat(1).finally(() => span.end()));
    await eventually(() => hanging.length > 0);
    broken.abort(new Error('enough'));
    await expect(hung).rejects.toThrow('enough');
    await waiting;
    hanging.shift()!();
    const [client] = named('oven/heat', SpanKind.CLIENT);
    expect(named('pyro connect').map(parentOf)).toEqual([idOf(client)]);
    expect(parentOf(client)).toBe(idOf(named('waiting')[0]));
  });

  it('spans of a connection that fails have the object and the address of the URI, and so has the call', async () => {
    const { uri, daemon } = await serveOven();
    const [host, port] = daemon.locationStr.split(':');
    await daemon.close();
    await using oven = PyroProxy.to<RemoteOven>(uri, { maxRetries: 0 });
    await expect(oven.heat(1)).rejects.toThrow('cannot connect');
    const address = { 'server.address': host, 'server.port': Number(port), 'error.type': 'Pyro5.errors.ConnectionClosedError' };
    expect(named('pyro connect')[0]!.attributes).toMatchObject({ 'pyro.object': 'oven', ...address });
    expect(named('oven/heat', SpanKind.CLIENT)[0]!.attributes).toMatchObject(address);
    const failed = ['rpc_client_call_duration_count', `server_port="${port}"`, 'ConnectionClosedError'];
    expect((await scrape()).split('\n').filter((line) => failed.every((text) => line.includes(text)))).toHaveLength(1);
  });

  it('a call that the program aborts has AbortError as error.type, not the class of a timeout', async () => {
    const { uri } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    const controller = new AbortController();
    const call = oven.$with({ signal: controller.signal }).hang();
    await eventually(() => hanging.length === 1);
    controller.abort();
    await expect(call).rejects.toThrow('abort');
    expect(named('oven/hang', SpanKind.CLIENT)[0]!.attributes['error.type']).toBe('AbortError');
    for (const reason of [new RangeError('the user left'), 'the user left']) {
      exporter.reset();
      const other = new AbortController();
      const left = oven.$with({ signal: other.signal }).hang();
      await eventually(() => hanging.length > 1);
      other.abort(reason);
      await expect(left).rejects.toBe(reason);
      expect(named('oven/hang', SpanKind.CLIENT)[0]!.attributes['error.type']).toBe('AbortError');
    }
    exporter.reset();
    await expect(oven.$with({ signal: AbortSignal.timeout(20) }).hang()).rejects.toThrow('timeout');
    expect(named('oven/hang', SpanKind.CLIENT)[0]!.attributes['error.type']).toBe('builtins.TimeoutError');
    for (const goOn of hanging.splice(0)) goOn();
  });

  it('spans of an injected remote object are children of the active span', async () => {
    const { uri } = await serveOven();
    const { app } = await serve({ imports: [PyroModule.forFeature([{ token: 'OVEN', uri }])], providers: [Oven] });
    const own = tracer.startSpan('request');
    const oven = app.get<RemoteObject<RemoteOven>>('OVEN');
    await context.with(trace.setSpan(context.active(), own), () => oven.heat(1));
    await eventually(() => named('oven/heat').length === 2);
    expect(named('oven/heat', SpanKind.CLIENT).map(parentOf)).toEqual([idOf(own as unknown as ReadableSpan)]);
    expect(named('oven/heat', SpanKind.SERVER).map(traceOf)).toEqual([own.spanContext().traceId]);
  });

  it('no spans are made with telemetry: false', async () => {
    const { server } = await serve({ providers: [Oven] }, { telemetry: false });
    const uri = String(server.unwrap<PyroDaemon>().uriFor('oven'));
    await using oven = await PyroProxy.connect<RemoteOven>(uri, { telemetry: false });
    await oven.heat(1);
    expect(named('oven/heat')).toEqual([]);
  });
});

describe('traces and Python', () => {
  let programs: TypeScriptPrograms;
  let app: ReturnType<TypeScriptPrograms['start']>;
  let lastUri: string;
  beforeAll(async () => {
    programs = await TypeScriptPrograms.compile();
    app = programs.start('traced-app', [], { timeoutMs: 60_000 });
    lastUri = await app.line('uri: ');
  });
  afterAll(async () => {
    await app.stop();
    await programs[Symbol.asyncDispose]();
  });
  /** The last span of the other application with a name. */
  async function spanOfApp(name: string): Promise<Record<string, unknown>> {
    await using last = await PyroProxy.connect<{ spans(): Record<string, unknown>[] }>(lastUri, { telemetry: false });
    let found: Record<string, unknown> | undefined;
    await expect.poll(async () => (found = (await last.spans()).findLast((span) => span['name'] === name))).toBeDefined();
    return found!;
  }

  it('a call of Python with a correlation id belongs to the trace of this id', async () => {
    const { uri } = await serveOven();
    const id = '0af76519-16cd-43dd-8448-eb211c80319c';
    await python.run(
      `
      current_context.correlation_id = uuid.UUID(id)
      with Proxy(uri) as oven:
        oven.heat(1)
        oven.heat(2)
      `,
      { uri, id },
    );
    await eventually(() => named('oven/heat').length === 2);
    expect(named('oven/heat').map(traceOf)).toEqual([id.replaceAll('-', ''), id.replaceAll('-', '')]);
  });

  it('a call of Python with a traceparent is a child of its span', async () => {
    const { uri } = await serveOven();
    await python.run(
      `
      current_context.annotations = {"TRCE": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
      with Proxy(uri) as oven:
        oven.heat(1)
      `,
      { uri },
    );
    await eventually(() => named('oven/heat').length === 1);
    const [{ attributes }] = named('oven/heat') as [ReadableSpan];
    expect([traceOf(named('oven/heat')[0]), parentOf(named('oven/heat')[0]), attributes['pyro.correlation_id']]).toEqual([
      '0af7651916cd43dd8448eb211c80319c',
      'b7ad6b7169203331',
      '0af76519-16cd-43dd-8448-eb211c80319c',
    ]);
  });

  it('a bad traceparent is passed over', async () => {
    const { uri } = await serveOven();
    await python.run(
      `
      current_context.annotations = {"TRCE": b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01"}
      with Proxy(uri) as oven:
        oven.heat(1)
      `,
      { uri },
    );
    await eventually(() => named('oven/heat').length === 1);
    expect(traceOf(named('oven/heat')[0])).not.toBe('0'.repeat(32));
  });

  it('three processes are one trace: a program of ours, an untouched Python program, and an application of ours', async () => {
    const middleUri = await python.run<string>(
      `
      @Pyro5.api.expose
      class Middle:
        def work(self, value):
          with Pyro5.api.Proxy(last) as proxy:
            return proxy.work(value)
      daemon = Pyro5.api.Daemon()
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      return str(daemon.register(Middle, 'middle'))
      `,
      { last: lastUri },
    );
    await using middle = await PyroProxy.connect<{ work(value: number): number }>(middleUri);
    expect(await middle.work(41)).toBe(42);
    const [client] = named('middle/work', SpanKind.CLIENT);
    expect(await spanOfApp('last/work')).toMatchObject({ traceId: traceOf(client), parentId: idOf(client) });
  });

  it('a bare Python client begins one trace: of an application of ours, a Python program with annotations of its own, and another application of ours; the trace id is the correlation id', async () => {
    const middleUri = await python.run<string>(
      `
      @Pyro5.api.expose
      class Middle:
        def work(self, value):
          # the trace context of the request is lost, the correlation id is not
          current_context.annotations = {"OWNA": b"1"}
          with Pyro5.api.Proxy(last) as proxy:
            return proxy.work(value)
      daemon = Pyro5.api.Daemon()
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      return str(daemon.register(Middle, 'middle'))
      `,
      { last: lastUri },
    );
    const { uri } = await serveOven();
    const bare = await PythonInterpreter.start();
    closeAfter(() => bare.stop());
    const answer = await bare.run(
      `
      with Proxy(uri) as oven:
        return oven.ask(middle, 41)
      `,
      { uri, middle: middleUri },
    );
    await eventually(() => named('oven/ask', SpanKind.SERVER).length === 1);
    const [first] = named('oven/ask', SpanKind.SERVER);
    expect(answer).toEqual([42, first!.attributes['pyro.correlation_id']]);
    expect((answer as [number, string])[1].replaceAll('-', '')).toBe(traceOf(first));
    expect(parentOf(first)).toBeUndefined();
    expect(await spanOfApp('last/work')).toMatchObject({ traceId: traceOf(first) });
  });
});

describe('metrics', () => {
  it('Prometheus scrapes the durations of both sides by method and error, and the numbers of the server', async () => {
    const { uri, daemon } = await serveOven();
    const [, port] = daemon.locationStr.split(':');
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    await oven.heat(1);
    await expect(oven.heat(2_000)).rejects.toThrow('too hot');
    await expect((oven as unknown as { $call(name: string): Promise<unknown> }).$call('made up')).rejects.toThrow('made up');
    await eventually(() => named('_OTHER', SpanKind.SERVER).length === 1);
    const lines = (await scrape()).split('\n').filter((line) => line.includes(`server_port="${port}"`));
    const line = (start: string, ...parts: string[]): string | undefined =>
      lines.find((text) => text.startsWith(start) && parts.every((part) => text.includes(part)));
    for (const side of ['server', 'client']) {
      const name = `rpc_${side}_call_duration`;
      expect(line(`${name}_count`, 'rpc_method="oven/heat"', 'error_type="builtins.ValueError"')).toMatch(/ 1\b/);
      expect(line(`${name}_bucket`, 'rpc_method="oven/heat"', 'le="0.005"')).toBeDefined();
      expect(line(`${name}_bucket`, 'rpc_method="oven/heat"', 'le="10"')).toBeDefined();
    }
    expect(line('rpc_server_call_duration_count', 'rpc_method="_OTHER"')).toMatch(/ 1\b/);
    expect(lines.filter((text) => text.includes('made up'))).toEqual([]);
    expect(line('pyro_server_connections{')).toMatch(/ 1\b/);
    expect(line('pyro_server_io_total', 'direction="received"')).toMatch(/ \d{2,}/);
    expect(line('pyro_server_limit_usage', 'limit="maxConnections"')).toBeDefined();
    expect(line('pyro_server_limit_reached_total', 'limit="maxConnections"')).toMatch(/ 0\b/);
    for (const name of Object.keys(DAEMON_METRICS))
      expect(lines.some((text) => text.startsWith(name.replaceAll('.', '_')))).toBe(true);
  });

  it('a stream is measured as a call until it is open, and its life apart, with the error of a failed item', async () => {
    const { uri, daemon } = await serveOven();
    const [, port] = daemon.locationStr.split(':');
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    const curve = await oven.curve();
    await curve.next();
    const counts = async (): Promise<Record<string, string | undefined>> => {
      const lines = (await scrape()).split('\n').filter((line) => line.includes(`server_port="${port}"`));
      const of = (metric: string, ...labels: string[]): string | undefined =>
        lines
          .find((line) => [`${metric}_count{`, ...labels].every((text) => line.includes(text)))
          ?.split('} ')[1]
          ?.split(' ')[0];
      return {
        call: of('rpc_server_call_duration', 'oven/curve'),
        client: of('rpc_client_call_duration', 'oven/curve'),
        stream: of('pyro_server_stream_duration', 'oven/curve'),
        failedCall: of('rpc_server_call_duration', 'oven/crack', 'error_type="builtins.ValueError"'),
        failedStream: of('pyro_server_stream_duration', 'oven/crack', 'error_type="builtins.ValueError"'),
      };
    };
    expect(await counts()).toEqual({ call: '1', client: '1' });
    await curve.return?.();
    await eventually(() => named('oven/curve', SpanKind.SERVER).length === 1);
    expect(await counts()).toEqual({ call: '1', client: '1', stream: '1' });
    const crack = await oven.crack();
    await crack.next();
    await expect(crack.next()).rejects.toThrow('cracked');
    await eventually(() => named('oven/crack', SpanKind.SERVER).length === 1);
    expect(await counts()).toEqual({ call: '1', client: '1', stream: '1', failedStream: '1' });
  });

  /** Makes everything that metrics tell of, and gives the lines of a scrape. */
  async function busyScrape(): Promise<string[]> {
    const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false, telemetry: false });
    closeAfter(() => nameServer.close());
    const { host, port: namePort } = nameServer.uri;
    const options = { maxConnections: 1, nameServer: { host: host!, port: namePort!, broadcast: false } };
    const { uri, daemon } = await serveOven(options);
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    // the second waits for the connection of the first
    await Promise.all([oven.heat(1), oven.heat(1)]);
    await expect(oven.heat(2_000)).rejects.toThrow('too hot');
    const crack = await oven.crack();
    await crack.next();
    await expect(crack.next()).rejects.toThrow('cracked');
    await eventually(() => named('oven/crack', SpanKind.SERVER).length === 1);
    // the limit is reached, too
    await expect(PyroProxy.connect(uri, { maxRetries: 0 })).rejects.toThrow('full');
    await oven.$release();
    await oven.$connect();
    const [, port] = daemon.locationStr.split(':');
    return (await scrape())
      .split('\n')
      .filter((line) => line.includes(`server_port="${port}"`) || line.startsWith('pyro_client'));
  }

  /** Checks that the lines have each metric with the labels that a query asks for. @returns the metrics */
  function checkQueries(queries: readonly string[], lines: readonly string[]): Set<string> {
    const asked = new Set<string>();
    for (const query of queries) {
      const names = query.match(/\b(?:rpc|pyro)_(?:server|client)_\w+/g)!;
      const labels = [...query.matchAll(/(?<=[{,])(\w+)(?==|!=)|(?<=by \()([^)]+)/g)].flatMap(([text]) => text.split(/, ?/));
      for (const name of names) {
        asked.add(name);
        const found = lines.filter((line) => line.startsWith(`${name}{`));
        // Prometheus adds `instance` itself
        const ours = labels.filter((label) => label !== 'instance');
        const having = found.filter((line) => ours.every((label) => line.includes(`${label}="`)));
        expect([query, name, having.length > 0]).toEqual([query, name, true]);
      }
    }
    return asked;
  }

  const underscored = (given: object): string[] => Object.keys(given).map((name) => name.replaceAll('.', '_'));

  it('metrics have the names and labels that the dashboard for Grafana asks for', async () => {
    const file = new URL('../../../docs/grafana/nestjs-pyro.json', import.meta.url);
    const { panels } = JSON.parse(await readFile(file, 'utf8')) as { panels: { targets: { expr: string }[] }[] };
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(15);
    const asked = [...checkQueries(expressions, await busyScrape())];
    const all = [...underscored(DAEMON_METRICS), ...underscored(CLIENT_METRICS)];
    expect(all.filter((name) => !asked.some((other) => other.startsWith(name)))).toEqual([]);
  });

  it('metrics have the names and labels that the queries and alerts of docs/production.md and docs/alerts.md ask for', async () => {
    const pages = ['production.md', 'alerts.md'].map((name) =>
      readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8'),
    );
    const page = (await Promise.all(pages)).join('\n');
    const alerts = [...page.matchAll(/^ +expr: (.*)$/gm)].map(([, expression]) => expression!);
    const queries = [...page.matchAll(/`([^`\n]*\b(?:rpc|pyro)_(?:server|client)_[^`\n]*)`/g)].map(([, query]) => query!);
    expect(alerts.length).toBeGreaterThan(8);
    expect(queries.length).toBeGreaterThan(10);
    const lines = await busyScrape();
    // the pages also speak of a histogram as a whole
    const whole = /^rpc_server_call_duration$/;
    checkQueries([...alerts, ...queries.filter((query) => !whole.test(query))], lines);
    expect(page.match(/alert: \w+/g)).toHaveLength(alerts.length);
    // their commands ask for members of a snapshot
    const commands = [...page.matchAll(/jq '\.(connections|failures)\[\] \| \{(.*?)\}'/g)];
    expect(commands.map(([, list]) => list)).toEqual(['connections', 'failures']);
    const { daemon, uri } = await serveOven();
    await using oven = await PyroProxy.connect<RemoteOven>(uri);
    await expect(oven.heat(2_000)).rejects.toThrow('too hot');
    for (const [, list, members] of commands) {
      const [entry] = daemon.inspect()[list as 'connections' | 'failures'];
      expect(Object.keys(entry!)).toEqual(expect.arrayContaining(members!.split(', ')));
    }
  });
});
