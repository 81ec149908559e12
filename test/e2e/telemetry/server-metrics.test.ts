import { EventEmitter, once } from 'node:events';
import { metrics, SpanKind, trace } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  currentContext,
  expose,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
  type PyroRemoteError,
  PythonException,
  type RemoteObject,
  SerializedBlob,
} from '../../../lib/core.js';
import { closeAfter, eventually } from '../nest/fixtures.js';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const reader = new PrometheusExporter({ preventServerStart: true });
const meters = new MeterProvider({ readers: [reader] });

beforeAll(() => {
  provider.register();
  metrics.setGlobalMeterProvider(meters);
});
afterEach(() => exporter.reset());
afterAll(async () => {
  trace.disable();
  metrics.disable();
  await provider.shutdown();
  await meters.shutdown();
});

const served = (name: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name && span.kind === SpanKind.SERVER);

/** The lines of a scrape that have all the texts. */
async function scraped(...texts: string[]): Promise<string[]> {
  const { resourceMetrics } = await reader.collect();
  const page = new PrometheusSerializer().serialize(resourceMetrics);
  return page.split('\n').filter((line) => !line.startsWith('#') && texts.every((text) => line.includes(text)));
}

class Session {
  hi(): string {
    return 'hi';
  }
}
expose(Session, 'hi');

class Hub {
  readonly events = new EventEmitter();

  open(user: string): string {
    return String(currentContext()!.daemon.register(new Session(), `session.${user}`));
  }
  close(user: string): void {
    currentContext()!.daemon.unregister(`session.${user}`);
  }
  async tell(listener: { $call(method: string): Promise<unknown> }): Promise<unknown> {
    return listener.$call('notified');
  }
  fail(): void {
    throw new RangeError('of this program');
  }
  report(error: Error): never {
    throw error;
  }
  /** Throws an exception inside of another value of the client. */
  reportInside({ errors }: { errors: [PyroRemoteError] }): never {
    throw errors[0].args[0] as Error;
  }
  reportBlob(blob: SerializedBlob): never {
    throw blob.deserialized()[0] as Error;
  }
  async batch(listener: RemoteObject<{ notified(): void }>): Promise<void> {
    const [entry] = await listener.$batch((batch) => [batch.notified()], { settled: true });
    throw (entry as PromiseRejectedResult).reason;
  }
  async read(listener: RemoteObject<{ items(): Generator<number> }>): Promise<void> {
    for await (const item of await listener.items()) void item;
  }
  /** Waits for each event, and does not listen to the signal of its call. */
  async *deaf(): AsyncGenerator<unknown> {
    for (;;) {
      const [event] = (await once(this.events, 'event')) as unknown[];
      yield event;
    }
  }
  async *listening(): AsyncGenerator<unknown> {
    const { signal } = currentContext()!;
    for (;;) {
      const [event] = (await once(this.events, 'event', { signal })) as unknown[];
      yield event;
    }
  }
}
expose(Hub, 'open', 'close', 'tell', 'fail', 'report', 'reportInside', 'reportBlob', 'batch', 'read', 'deaf', 'listening');

interface RemoteHub {
  open(user: string): string;
  close(user: string): void;
  tell(listener: unknown): unknown;
  fail(): void;
  report(error: unknown): void;
  reportInside(value: unknown): void;
  reportBlob(blob: unknown): void;
  batch(listener: unknown): void;
  read(listener: unknown): void;
  deaf(): AsyncGenerator<unknown>;
  listening(): AsyncGenerator<unknown>;
}

async function serveHub(id: string, options: PyroDaemonOptions = {}): Promise<{ hub: Hub; daemon: PyroDaemon; uri: string }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', ...options });
  closeAfter(() => daemon.close());
  const hub = new Hub();
  return { hub, daemon, uri: String(daemon.register(hub, id)) };
}

describe('labels that a client chose', () => {
  it('objects beyond 1,000 ids are named by their class', async () => {
    const { uri } = await serveHub('hub');
    await using hub = await PyroProxy.connect<RemoteHub>(uri);
    const total = 1_010;
    for (let user = 0; user < total; user++) {
      await using session = await PyroProxy.connect<{ hi(): string }>(await hub.open(`u${user}`), { telemetry: false });
      expect(await session.hi()).toBe('hi');
      await hub.close(`u${user}`);
    }
    const series = (await scraped('rpc_server_call_duration_count', '/hi"')).map((line) => /rpc_method="([^"]+)"/.exec(line)![1]);
    // the hub has one of the ids
    expect(series).toHaveLength(1_000);
    expect(series).toContain('session.u998/hi');
    expect(series).toContain('Session/hi');
  });

  it('an exception of an object of a client is _OTHER, and does not hide the errors of this program', async () => {
    const { uri } = await serveHub('labels');
    const own = await PyroDaemon.listen({ host: '127.0.0.1' });
    closeAfter(() => own.close());
    let raised = 0;
    class Listener {
      notified(): void {
        throw new PythonException(`evil.user_${raised++}`, ['chosen']);
      }
    }
    expose(Listener, 'notified');
    await using hub = await PyroProxy.connect<RemoteHub>(uri);
    const listener = own.proxyFor(own.register(new Listener()).object);
    for (let n = 0; n < 25; n++) await expect(hub.tell(listener)).rejects.toThrow('chosen');
    await expect(hub.fail()).rejects.toThrow('of this program');
    await eventually(() => served('labels/tell').length === 25);
    expect(served('labels/tell')[0]!.attributes['error.type']).toBe('evil.user_0');
    const types = (await scraped('rpc_server_call_duration_count', 'error_type=', 'rpc_method="labels/')).map(
      (line) => /error_type="([^"]+)"/.exec(line)![1],
    );
    expect(new Set(types)).toEqual(new Set(['_OTHER', 'builtins.ValueError']));
    expect(types).toHaveLength(2);
    expect(await scraped('rpc_client_call_duration_count', 'evil.user_', '_OTHER')).toEqual([]);
  });
});

/** The error types of the calls of an object, in the metrics of its server. */
async function labelsOf(object: string): Promise<string[]> {
  const lines = await scraped('rpc_server_call_duration_count', 'error_type=', `rpc_method="${object}/`);
  return lines
    .map((line) => `${/rpc_method="[^/]+\/([^"]+)"/.exec(line)![1]}: ${/error_type="([^"]+)"/.exec(line)![1]}`)
    .toSorted();
}

describe('exceptions that a client sends', () => {
  it.each(['serpent', 'marshal', 'json', 'msgpack'] as const)(
    'an exception that a client sent as an argument is _OTHER when the method throws it: %s',
    async (serializer) => {
      const id = `sent-${serializer}`;
      const { uri } = await serveHub(id);
      await using hub = await PyroProxy.connect<RemoteHub>(uri, { serializer });
      const sent = new PythonException('evil.sent', ['chosen']);
      await expect(hub.report(sent)).rejects.toThrow('chosen');
      await expect(hub.reportInside({ errors: [new PythonException('evil.outer', [sent])] })).rejects.toThrow('chosen');
      await expect(hub.reportBlob(SerializedBlob.of('info', [sent]))).rejects.toThrow('chosen');
      await expect(hub.fail()).rejects.toThrow('of this program');
      await eventually(() => served(`${id}/fail`).length === 1);
      expect(served(`${id}/report`)[0]!.attributes['error.type']).toBe('evil.sent');
      expect(await labelsOf(id)).toEqual([
        'fail: builtins.ValueError',
        'report: _OTHER',
        'reportBlob: _OTHER',
        'reportInside: _OTHER',
      ]);
    },
  );

  it('an exception of an object of a client is _OTHER in a batch and a stream, also when its proxies have no telemetry', async () => {
    const { uri } = await serveHub('quiet', { receivedProxyOptions: { telemetry: false } });
    const own = await PyroDaemon.listen({ host: '127.0.0.1', telemetry: false });
    closeAfter(() => own.close());
    class Listener {
      notified(): void {
        throw new PythonException('evil.raised', ['chosen']);
      }
      *items(): Generator<number> {
        yield 1;
        throw new PythonException('evil.item', ['chosen']);
      }
    }
    expose(Listener, 'notified', 'items');
    await using hub = await PyroProxy.connect<RemoteHub>(uri);
    const listener = own.proxyFor(own.register(new Listener()).object);
    for (const method of ['tell', 'batch', 'read'] as const) await expect(hub[method](listener)).rejects.toThrow('chosen');
    await eventually(() => served('quiet/read').length === 1);
    expect(await labelsOf('quiet')).toEqual(['batch: _OTHER', 'read: _OTHER', 'tell: _OTHER']);
  });

  it('an exception of a service that the program chose itself keeps its class', async () => {
    const { uri: behind } = await serveHub('behind');
    class Front {
      async ask(): Promise<void> {
        await using hub = PyroProxy.to<RemoteHub>(behind);
        await hub.fail();
      }
    }
    expose(Front, 'ask');
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    closeAfter(() => daemon.close());
    await using front = PyroProxy.to<Front>(daemon.register(new Front(), 'front'));
    await expect(front.ask()).rejects.toThrow('of this program');
    await eventually(() => served('front/ask').length === 1);
    expect(await labelsOf('front')).toEqual(['ask: builtins.ValueError']);
  });
});

describe('streams that wait', () => {
  it('a closed stream whose generator waits ends for traces and metrics, and the snapshot counts it', async () => {
    const { hub, daemon, uri } = await serveHub('waiting', { streamLingerMs: 0 });
    // a stream that waits for an item needs a connection of its own
    await using proxy = await PyroProxy.connect<RemoteHub>(uri, { poolSize: 2 });
    for (const method of ['deaf', 'listening'] as const) {
      const items = (await proxy[method]())[Symbol.asyncIterator]();
      void items.next().catch(() => undefined);
      await eventually(() => hub.events.listenerCount('event') === (method === 'deaf' ? 1 : 2));
    }
    for (const connection of daemon.connections) connection.close();
    await eventually(() => served('waiting/deaf').length + served('waiting/listening').length === 2);
    expect(served('waiting/deaf')[0]!.attributes['pyro.method_goes_on']).toBe(true);
    expect(served('waiting/listening')[0]!.attributes['pyro.method_goes_on']).toBeUndefined();
    expect(await scraped('pyro_server_stream_duration_count', 'waiting/deaf')).toHaveLength(1);
    expect(daemon.inspect().totals).toMatchObject({ streamsOpen: 0, streamsEnding: 1 });
    hub.events.emit('event', 1);
    await eventually(() => daemon.inspect().totals.streamsEnding === 0);
    expect(daemon.inspect().limits.find(({ name }) => name === 'maxInFlightValueBytes')!.used).toBe(0);
  });
});
