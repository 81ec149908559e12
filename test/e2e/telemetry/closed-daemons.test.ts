import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, PyroDaemon, type PyroDaemonOptions, PyroProxy } from '../../../lib/core.js';
import { closeAfter } from '../nest/fixtures.js';

const readers = [1, 2].map(() => new PrometheusExporter({ preventServerStart: true }));
const meters = new MeterProvider({ readers });

beforeAll(() => void metrics.setGlobalMeterProvider(meters));
afterAll(async () => {
  metrics.disable();
  await meters.shutdown();
});

/** The values of a scrape, by metric and labels. */
async function scraped(reader: PrometheusExporter, port: string): Promise<Map<string, number>> {
  const page = new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics);
  const lines = page
    .split('\n')
    .filter((line) => /^pyro_server_(?!stream_)/.test(line) && line.includes(`server_port="${port}"`));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('}') + 1), Number(/(?<=\} )\S+/.exec(line)![0])]));
}

class Kiln {
  start!: () => void;
  readonly started = new Promise<void>((resolve) => (this.start = resolve));
  *heat(): Generator<number> {
    for (let at = 0; ; at++) yield at;
  }
  hang(): Promise<never> {
    this.start();
    return new Promise(() => undefined);
  }
}
expose(Kiln, 'heat', 'hang');

async function serveKiln(
  options: PyroDaemonOptions = {},
): Promise<{ kiln: Kiln; daemon: PyroDaemon; uri: string; port: string }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', maxConnections: 4, ...options });
  closeAfter(() => daemon.close());
  const kiln = new Kiln();
  const uri = String(daemon.register(kiln, 'kiln'));
  return { kiln, daemon, uri, port: daemon.locationStr.split(':')[1]! };
}

const isCounter = (name: string): boolean => name.includes('_total{');

it('the gauges of a closed daemon are 0 for every reader, and its counters keep their last value', async () => {
  const { kiln, daemon, uri, port } = await serveKiln();
  // open at the same time, so that its callback stands after the one that goes
  const other = await serveKiln();
  await using first = PyroProxy.to<Kiln>(uri, { maxRetries: 0 });
  await using second = PyroProxy.to<Kiln>(uri, { maxRetries: 0 });
  await (await first.heat()).next();
  const hanging = second.hang().catch(() => undefined);
  await kiln.started;
  for (const reader of readers) {
    const open = await scraped(reader, port);
    for (const name of ['connections', 'requests_in_progress', 'streams'])
      expect([...open].filter(([key, value]) => key.startsWith(`pyro_server_${name}{`) && value > 0)).toHaveLength(1);
    expect([...open].filter(([key, value]) => key.includes('"maxConnections"') && value > 0)).toHaveLength(1);
  }
  await daemon.drain(0);
  await daemon.close();
  await hanging;
  const closed = await Promise.all(readers.map((reader) => scraped(reader, port)));
  for (const values of [...closed, await scraped(readers[0]!, port)]) {
    expect([...values].filter(([key, value]) => !isCounter(key) && value !== 0)).toEqual([]);
    const opened = [...values].filter(([key]) => key.startsWith('pyro_server_connections_opened_total{'));
    expect(opened.map(([, value]) => value)).toEqual([2]);
  }
  // the callbacks of other daemons go on
  await using third = PyroProxy.to<Kiln>(other.uri);
  await third.$connect();
  const values = await scraped(readers[0]!, other.port);
  expect([...values].filter(([key]) => key.startsWith('pyro_server_connections{')).map(([, value]) => value)).toEqual([1]);
});

it('a daemon that begins where another has closed has its own values, also before the next collection', async () => {
  const { daemon, uri, port } = await serveKiln();
  await using first = PyroProxy.to<Kiln>(uri);
  await first.$connect();
  await scraped(readers[0]!, port);
  await first.$release();
  await daemon.close();
  const { uri: again } = await serveKiln({ port: Number(port) });
  await using second = PyroProxy.to<Kiln>(again);
  await second.$connect();
  for (const reader of readers) {
    const values = await scraped(reader, port);
    expect([...values].filter(([key]) => key.startsWith('pyro_server_connections{')).map(([, value]) => value)).toEqual([1]);
  }
});
