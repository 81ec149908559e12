import { metrics, SpanKind, trace } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, type LogEntry, PyroDaemon, PyroProxy, registerClass } from '../../../lib/core.js';
import { eventually } from '../nest/fixtures.js';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const reader = new PrometheusExporter({ preventServerStart: true });
const meters = new MeterProvider({ readers: [reader] });

beforeAll(() => {
  provider.register();
  metrics.setGlobalMeterProvider(meters);
});
afterAll(async () => {
  trace.disable();
  metrics.disable();
  await provider.shutdown();
  await meters.shutdown();
});

class DoorError extends Error {}
class StuckDoor extends DoorError {}

class Door {
  open(): void {
    throw new StuckDoor('it is stuck');
  }
  *hinges(): Iterable<number> {
    yield 1;
    throw new StuckDoor('it is stuck');
  }
}
expose(Door, 'open', 'hinges');

registerClass(DoorError, {
  name: 'lab.DoorError',
  toDict: (error) => ({ __exception__: true, args: [error.message], attributes: {} }),
});

it('an exception with a converter has its Python class in logs, failures, spans and metrics, also in batches and streams', async () => {
  const entries: LogEntry[] = [];
  const log = (entry: LogEntry): void => void entries.push(entry);
  const daemon = await PyroDaemon.listen({
    host: '127.0.0.1',
    port: 0,
    accessLog: true,
    logger: { debug: log, info: log, warn: log, error: log },
  });
  daemon.register(new Door(), 'door');
  const door = await PyroProxy.connect<{ open(): void; hinges(): AsyncIterable<number> }>(daemon.uriFor('door'));
  try {
    await expect(door.open()).rejects.toMatchObject({ pythonType: 'lab.DoorError' });
    await expect(door.$batch((batch) => [batch.open()])).rejects.toMatchObject({ pythonType: 'lab.DoorError' });
    const read = async (): Promise<void> => {
      for await (const hinge of await door.hinges()) expect(hinge).toBe(1);
    };
    await expect(read()).rejects.toMatchObject({ pythonType: 'lab.DoorError' });

    const typesOf = (event: string): unknown[] =>
      entries.filter((entry) => entry.event === event).map(({ method, errorType }) => [method, errorType]);
    const failed = ['open', 'open', '<batch>', 'hinges'].map((method) => [method, 'lab.DoorError']);
    await eventually(() => typesOf('call').length === failed.length);
    expect(typesOf('call')).toEqual(failed);
    expect(typesOf('call failed')).toEqual(failed.filter(([method]) => method !== '<batch>'));
    expect(daemon.inspect().failures.map(({ errorType }) => errorType)).toEqual(Array(3).fill('lab.DoorError'));

    const servers = exporter.getFinishedSpans().filter(({ name, kind }) => name.startsWith('door/') && kind !== SpanKind.CLIENT);
    expect(servers.map(({ name, attributes }) => [name.slice('door/'.length), attributes['error.type']])).toEqual(failed);

    const { resourceMetrics } = await reader.collect();
    const lines = new PrometheusSerializer().serialize(resourceMetrics).split('\n');
    const counts = lines.filter((line) => line.includes('_server_') && line.includes('_count{') && line.includes('error_type'));
    expect(counts.map((line) => /error_type="([^"]*)"/.exec(line)![1])).toEqual(Array(3).fill('lab.DoorError'));
  } finally {
    await door.$release();
    await daemon.close();
  }
});
