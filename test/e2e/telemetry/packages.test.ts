import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PyroProxy } from '../../../lib/core.js';
import { packageRoot } from '../../../scripts/package-root.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { closeAfter } from '../nest/fixtures.js';
import type { SentSpan } from '../nest/programs/sdk-start.js';
import { TypeScriptPrograms } from '../nest/programs/typescript-program.js';

let programs: TypeScriptPrograms;
let python: PythonInterpreter;
beforeAll(async () => {
  programs = await TypeScriptPrograms.compile();
  python = await PythonInterpreter.start();
});
afterAll(async () => {
  python.stop();
  await programs[Symbol.asyncDispose]();
});

interface App {
  front: string;
  /** The spans that the application's SDK has sent, as soon as there are so many. */
  sent(count: number): Promise<SentSpan[]>;
}

/** Starts the application of `sdk-app.ts`. */
async function startApp(sdk: 'node-sdk' | 'sentry', env: Record<string, string> = {}): Promise<App> {
  const app = programs.start('sdk-app', [sdk], { timeoutMs: 120_000, env });
  closeAfter(() => app.stop());
  const front = await app.line('front: ');
  const spans = await PyroProxy.connect<{ list(): SentSpan[] }>(await app.line('spans: '), { telemetry: false });
  closeAfter(() => spans.$release());
  let found: SentSpan[] = [];
  const sent = async (count: number): Promise<SentSpan[]> => {
    const list = async (): Promise<number> => {
      // the calls of this test are no part of it
      found = (await spans.list()).filter(({ name }) => name !== 'spans/list');
      return found.length;
    };
    await expect.poll(list, { timeout: 60_000 }).toBeGreaterThanOrEqual(count);
    return found;
  };
  return { front, sent };
}

const CALL = `
with Proxy(uri) as front:
  return front.order(4)
`;

/** The single trace of an order: call, guard, and the call of the application to its other object. */
function expectOneTrace(spans: readonly SentSpan[]): void {
  const of = (name: string, isServer: boolean): SentSpan => {
    const found = spans.filter((span) => span.name === name);
    // the span of a server is the child of the client's
    const server = found.find(({ parentId }) => found.some(({ spanId }) => spanId === parentId));
    return isServer || found.length === 1 ? (server ?? found[0]!) : found.find((span) => span !== server)!;
  };
  const order = of('front/order', true);
  const client = of('back/double', false);
  expect(spans.map(({ name }) => name).sort()).toEqual(['back/double', 'back/double', 'front/order', 'guard', 'pyro connect']);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(of('guard', true).parentId).toBe(order.spanId);
  expect(client.parentId).toBe(order.spanId);
  expect(of('pyro connect', true).parentId).toBe(client.spanId);
  expect(of('back/double', true).parentId).toBe(client.spanId);
}

describe('@opentelemetry/sdk-node', () => {
  it('a NodeSDK that was started first gets the spans of a whole application as one trace', async () => {
    const { front, sent } = await startApp('node-sdk');
    expect(await python.run(CALL, { uri: front })).toBe(9);
    expectOneTrace(await sent(5));
  });

  it('OTEL_TRACES_SAMPLER=parentbased_traceidratio decides about traces that begin with a correlation id', async () => {
    const env = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' };
    const { front, sent } = await startApp('node-sdk', env);
    // OpenTelemetry's sampler joins the four parts of the id by XOR, and samples results below half of the greatest: 70004000, not 90004000
    const ids = ['f0000000-0000-4000-8000-000000000000', '10000000-0000-4000-8000-000000000000'];
    for (const id of [...ids, ...ids])
      await python.run(`current_context.correlation_id = uuid.UUID(id)\n${CALL}`, { uri: front, id });
    const traces = (await sent(9)).filter(({ name }) => name === 'front/order').map(({ traceId }) => traceId);
    expect(traces).toEqual([ids[0], ids[0]].map((id) => id!.replaceAll('-', '')));
  });
});

describe('@sentry/node', () => {
  it('Sentry gets the spans of a whole application as one trace, when it sets OpenTelemetry up', async () => {
    const { front, sent } = await startApp('sentry');
    expect(await python.run(CALL, { uri: front })).toBe(9);
    expectOneTrace(await sent(5));
  });

  it('Sentry gets the trace of a traceparent, and a trace of its own where only a correlation id comes', async () => {
    const { front, sent } = await startApp('sentry');
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const annotated = `current_context.annotations = {"TRCE": b"00-${traceId}-b7ad6b7169203331-01"}\n${CALL}`;
    await python.run(annotated, { uri: front });
    await python.run(`current_context.correlation_id = uuid.UUID(id)\n${CALL}`, {
      uri: front,
      id: '0af7651916cd43dd8448eb2100000000',
    });
    const orders = (await sent(9)).filter(({ name }) => name === 'front/order');
    expect(orders.map((span) => span.parentId)).toEqual(['b7ad6b7169203331', null]);
    expect(orders[0]!.traceId).toBe(traceId);
  });
});

describe('without @opentelemetry/api', () => {
  it('an application without @opentelemetry/api loads nothing of OpenTelemetry, and nothing fails or warns', async () => {
    const lonely = await TypeScriptPrograms.compile();
    closeAfter(() => lonely[Symbol.asyncDispose]());
    // every package but OpenTelemetry's
    const modules = join(lonely.fileOf('no-api-app'), '../../../../../node_modules');
    await rm(modules);
    await mkdir(modules);
    const packages = await readdir(join(packageRoot, 'node_modules'));
    const installed = packages.filter((name) => !name.startsWith('.') && name !== '@opentelemetry');
    for (const name of installed) await symlink(join(packageRoot, 'node_modules', name), join(modules, name));
    const { exitCode, output } = await lonely.start('no-api-app').ended;
    expect(output.trim().split('\n')).toEqual([
      'sum: 42',
      'sum: 42',
      `end: ${JSON.stringify({ isInstalled: false, loaded: [], warnings: [] })}`,
    ]);
    expect(exitCode).toBe(0);
  });
});
