import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expose, PyroDaemon, type PyroDaemonOptions, PyroProxy, PythonException } from '../../../lib/core.js';
import { CLIENT_METRICS } from '../../../lib/telemetry/client-metrics.js';
import { closeAfter } from '../nest/fixtures.js';

const reader = new PrometheusExporter({ preventServerStart: true });
const meters = new MeterProvider({ readers: [reader] });

beforeAll(() => void metrics.setGlobalMeterProvider(meters));
afterAll(async () => {
  metrics.disable();
  await meters.shutdown();
});

/** The lines of a scrape that have all the texts. */
async function scraped(...texts: string[]): Promise<string[]> {
  const { resourceMetrics } = await reader.collect();
  const page = new PrometheusSerializer().serialize(resourceMetrics);
  return page.split('\n').filter((line) => !line.startsWith('#') && texts.every((text) => line.includes(text)));
}

async function valueOf(...texts: string[]): Promise<number | undefined> {
  const [line] = await scraped(...texts);
  return line === undefined ? undefined : Number(/(?<=\} )\S+/.exec(line)![0]);
}

/** Lets a call wait until the test opens it. */
class Gate {
  entered!: Promise<void>;
  open!: () => void;
  private enter!: () => void;
  private opened!: Promise<void>;

  constructor() {
    this.close();
  }
  close(): void {
    this.entered = new Promise((resolve) => (this.enter = resolve));
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
  pass(): Promise<void> {
    this.enter();
    return this.opened;
  }
  look(): string {
    return 'closed';
  }
  fail(kind: string): void {
    throw new PythonException(kind, ['on purpose']);
  }
  async callBack(other: { $call(method: string): Promise<unknown> }): Promise<unknown> {
    return other.$call('look');
  }
}
expose(Gate, 'pass', 'look', 'fail', 'callBack');

interface RemoteGate {
  pass(): void;
  look(): string;
  fail(kind: string): void;
  callBack(other: unknown): string;
}

async function serveGate(
  id: string,
  options: PyroDaemonOptions = {},
): Promise<{ gate: Gate; daemon: PyroDaemon; uri: string; port: number }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', ...options });
  closeAfter(() => daemon.close());
  const gate = new Gate();
  const uri = String(daemon.register(gate, id));
  return { gate, daemon, uri, port: Number(daemon.locationStr.split(':')[1]) };
}

describe('metrics of the client', () => {
  it('metrics of the client count connections, reconnects and failed attempts by the object', async () => {
    const { daemon, uri, port } = await serveGate('gate.reconnect');
    const object = 'pyro_object="gate.reconnect"';
    await using gate = PyroProxy.to<RemoteGate>(uri, { maxRetries: 0 });
    await gate.look();
    expect(await valueOf('pyro_client_connections{', object)).toBe(1);
    expect(await valueOf('pyro_client_connections_opened_total{', object)).toBe(1);
    expect(await valueOf('pyro_client_reconnects_total{', object)).toBe(0);
    await daemon.close();
    await expect(gate.look()).rejects.toThrow('closed');
    await expect(gate.look()).rejects.toThrow('cannot connect');
    expect(await valueOf('pyro_client_connections{', object)).toBe(0);
    const failure = 'error_type="Pyro5.errors.ConnectionClosedError"';
    expect(await valueOf('pyro_client_connections_failed_total{', object, failure)).toBeGreaterThanOrEqual(1);
    await serveGate('gate.reconnect', { port });
    await gate.look();
    expect(await valueOf('pyro_client_connections{', object)).toBe(1);
    expect(await valueOf('pyro_client_connections_opened_total{', object)).toBe(2);
    expect(await valueOf('pyro_client_reconnects_total{', object)).toBe(1);
    for (const name of Object.keys(CLIENT_METRICS).filter((each) => !each.endsWith('waiting')))
      expect(await scraped(name.replaceAll('.', '_'), object)).not.toEqual([]);
  });

  it('counters of the client are 0 from the making of the proxy on, so that Prometheus sees their first increase', async () => {
    const { daemon, uri } = await serveGate('gate.zero');
    await daemon.close();
    await using gate = PyroProxy.to<RemoteGate>(uri, { maxRetries: 0 });
    const object = 'pyro_object="gate.zero"';
    const refused = 'error_type="Pyro5.errors.ConnectionClosedError"';
    expect(await valueOf('pyro_client_connections_opened_total{', object)).toBe(0);
    expect(await valueOf('pyro_client_reconnects_total{', object)).toBe(0);
    expect(await valueOf('pyro_client_connections_failed_total{', object, refused)).toBe(0);
    for (const type of ['TimeoutError', 'CommunicationError', 'NamingError'])
      expect(await valueOf('pyro_client_connections_failed_total{', object, `error_type="Pyro5.errors.${type}"`)).toBe(0);
    await expect(gate.look()).rejects.toThrow('cannot connect');
    expect(await valueOf('pyro_client_connections_failed_total{', object, refused)).toBe(1);
  });

  it('metrics of the client show the calls that wait for a free connection', async () => {
    const { gate, uri } = await serveGate('gate.queue');
    const waiting = ['pyro_client_requests_waiting{', 'pyro_object="gate.queue"'];
    await using proxy = await PyroProxy.connect<RemoteGate>(uri, { poolSize: 1 });
    const first = proxy.pass();
    await gate.entered;
    const others = [proxy.look(), proxy.look()];
    expect(await valueOf(...waiting)).toBe(2);
    gate.open();
    await Promise.all([first, ...others]);
    expect(await valueOf(...waiting)).toBe(0);
  });

  it('metrics of the client have no thousand series when a program calls a thousand made-up names', async () => {
    const { uri } = await serveGate('gate.names');
    await using gate = await PyroProxy.connect<RemoteGate>(uri);
    await gate.look();
    const call = (gate as unknown as { $call(method: string): Promise<unknown> }).$call.bind(gate);
    for (let at = 0; at < 1_000; at++) await expect(call(`made_up_${at}`)).rejects.toThrow('made_up');
    expect(await scraped('made_up')).toEqual([]);
    const counted = await scraped('rpc_client_call_duration_count', 'rpc_method="_OTHER"', uri.split(':').at(-1)!);
    expect(counted).toHaveLength(1);
    expect(counted[0]).toMatch(/ 1000\b/);
    expect(await valueOf('rpc_client_call_duration_count', 'rpc_method="gate.names/look"')).toBe(1);
  });

  it('metrics of the client have at most a hundred names of methods that no server has confirmed', async () => {
    const { daemon, uri } = await serveGate('gate.away');
    await daemon.close();
    await using gate = PyroProxy.to<RemoteGate>(uri, { maxRetries: 0 });
    const call = (gate as unknown as { $call(method: string): Promise<unknown> }).$call.bind(gate);
    for (let at = 0; at < 300; at++) await expect(call(`unheard_${at}`)).rejects.toThrow('cannot connect');
    const names = await scraped('rpc_client_call_duration_count', 'unheard_');
    expect(names.length).toBeGreaterThan(0);
    expect(names.length).toBeLessThanOrEqual(100);
  });

  it('metrics of a received proxy have neither the object nor the address, which the peer chose', async () => {
    const { uri } = await serveGate('gate.host');
    const { daemon } = await serveGate('chosen.by.the.peer');
    await using gate = await PyroProxy.connect<RemoteGate>(uri);
    await using own = PyroProxy.to(daemon.uriFor('chosen.by.the.peer'), { telemetry: false });
    expect(await gate.callBack(own)).toBe('closed');
    expect(await scraped('pyro_client', 'chosen.by')).toEqual([]);
    expect(await scraped('rpc_client', 'chosen.by')).toEqual([]);
    const [line] = await scraped('rpc_client_call_duration_count', 'rpc_method="_OTHER/look"');
    expect(line).toMatch(/ 1\b/);
    expect(line).not.toContain('server_port');
  });

  it('no metrics are made of proxies that a daemon with telemetry: false receives', async () => {
    const { uri } = await serveGate('gate.silent', { telemetry: false });
    const { daemon } = await serveGate('gate.called', { telemetry: false });
    const counted = (): Promise<number | undefined> => valueOf('rpc_client_call_duration_count', 'rpc_method="_OTHER/look"');
    const before = await counted();
    await using gate = await PyroProxy.connect<RemoteGate>(uri, { telemetry: false });
    await using own = PyroProxy.to(daemon.uriFor('gate.called'), { telemetry: false });
    expect(await gate.callBack(own)).toBe('closed');
    expect(await counted()).toBe(before);
    expect(await scraped('gate.silent')).toEqual([]);
  });

  it('metrics of both sides have at most twenty error types of a method', async () => {
    const { uri } = await serveGate('gate.errors');
    await using gate = await PyroProxy.connect<RemoteGate>(uri);
    for (let at = 0; at < 50; at++) await expect(gate.fail(`made.Error${at}`)).rejects.toThrow('on purpose');
    for (const side of ['server', 'client']) {
      const method = [`rpc_${side}_call_duration_count`, 'rpc_method="gate.errors/fail"'];
      expect(await scraped(...method)).toHaveLength(21);
      expect(await valueOf(...method, 'error_type="_OTHER"')).toBe(30);
    }
  });

  it('metrics of the client have at most a hundred objects that no server has confirmed, also of proxies with traces and without by turns', async () => {
    metrics.disable();
    const own = new PrometheusExporter({ preventServerStart: true });
    const provider = new MeterProvider({ readers: [own] });
    metrics.setGlobalMeterProvider(provider);
    closeAfter(() => provider.shutdown());
    for (let at = 0; at < 300; at++) PyroProxy.to(`PYRO:by_turns_${at}@127.0.0.1:1`, at % 2 ? { telemetry: true } : {});
    const page = new PrometheusSerializer().serialize((await own.collect()).resourceMetrics);
    expect(page.match(/^pyro_client_connections\{.*by_turns_/gm)).toHaveLength(100);
  });

  it('metrics of the client have at most a thousand objects, and a hundred that no server has confirmed', async () => {
    // names that other tests have used count as well, so these objects have instruments of their own
    metrics.disable();
    const own = new PrometheusExporter({ preventServerStart: true });
    const provider = new MeterProvider({ readers: [own] });
    metrics.setGlobalMeterProvider(provider);
    closeAfter(() => provider.shutdown());
    const named = async (metric: string, ...texts: string[]): Promise<string[]> => {
      const page = new PrometheusSerializer().serialize((await own.collect()).resourceMetrics);
      return page.split('\n').filter((line) => [`${metric}{`, ...texts].every((text) => line.includes(text)));
    };
    const { daemon } = await serveGate('gate.known');
    const host = daemon.locationStr;
    for (let at = 0; at < 300; at++) PyroProxy.to(`PYRO:sought_${at}@${host}`);
    for (const metric of ['pyro_client_connections_opened_total', 'pyro_client_requests_waiting'])
      expect(await named(metric, 'sought_')).toHaveLength(100);
    for (let at = 0; at < 1_100; at++) {
      daemon.register(new Gate(), `gate.${at}`);
      await using gate = PyroProxy.to<RemoteGate>(`PYRO:gate.${at}@${host}`);
      await gate.$connect();
    }
    const opened = await named('pyro_client_connections_opened_total');
    // _OTHER is one of them
    expect(opened).toHaveLength(1_000);
    const others = opened.filter((line) => line.includes('"_OTHER"'));
    expect(others.map((line) => Number(/(?<=\} )\S+/.exec(line)![0]))).toEqual([1_100 - 899]);
    const open = await named('pyro_client_connections');
    expect(open.filter((line) => !/\} 0( |$)/.test(line))).toEqual([]);
  });
});
