import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context, type ContextManager, metrics, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { createAllowListAttributesProcessor, MeterProvider } from '@opentelemetry/sdk-metrics';
import { NodeTracerProvider, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expose, locateNameServer, PyroDaemon, PyroProxy, startNameServer } from '../../../lib/core.js';
import { keepWarnings } from '../../kept-warnings.js';
import { closeAfter, eventually } from '../nest/fixtures.js';

/** The parts of the application's SDK that fail. */
const failing = new Set<string>();
const use = (part: string): void => {
  if (failing.has(part)) throw new Error(`the SDK fails: ${part}`);
};

const processor: SpanProcessor = {
  onStart: () => use('onStart'),
  onEnd: () => use('onEnd'),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

/** Fails before it runs the function, or afterwards. */
class FailingContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();

  active(): Context {
    use('active');
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }
  with: ContextManager['with'] = (within, body, self, ...args) => {
    use('with');
    const result = this.storage.run(within, () => Reflect.apply(body, self, args) as ReturnType<typeof body>);
    use('after with');
    return result;
  };
  bind<T>(_context: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

const provider = new NodeTracerProvider({
  spanProcessors: [processor],
  sampler: {
    shouldSample: () => {
      use('sampler');
      return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    },
    toString: () => 'fails on demand',
  },
});
const allowAll = createAllowListAttributesProcessor([]);
const meters = new MeterProvider({
  views: [
    {
      instrumentName: '*',
      attributesProcessors: [
        {
          process: (incoming, of) => {
            use('metrics');
            return allowAll.process(incoming, of);
          },
        },
      ],
    },
  ],
});

class Till {
  paid = 0;
  pay(amount: number): number {
    this.paid++;
    return amount;
  }
  refuse(): void {
    throw new RangeError('no change');
  }
}
expose(Till);

interface RemoteTill {
  pay(amount: number): number;
  refuse(): void;
}

const PARTS = ['sampler', 'onStart', 'onEnd', 'with', 'after with', 'active', 'metrics'];
const warnings = keepWarnings(/the SDK fails|errors of/);

beforeAll(() => {
  provider.register({ contextManager: new FailingContextManager() });
  metrics.setGlobalMeterProvider(meters);
});
afterEach(() => failing.clear());
afterAll(async () => {
  trace.disable();
  metrics.disable();
  context.disable();
  propagation.disable();
  await provider.shutdown();
  await meters.shutdown();
});

async function serveTill(): Promise<{ till: Till; daemon: PyroDaemon; uri: string }> {
  const daemon = await PyroDaemon.listen({ port: 0, telemetry: false });
  closeAfter(() => daemon.close());
  const till = new Till();
  return { till, daemon, uri: String(daemon.register(till, 'till')) };
}

it.each(PARTS)('a fault of the application in the SDK changes no result of a call: %s', async (part) => {
  const { till, daemon, uri } = await serveTill();
  await using remote = await PyroProxy.connect<RemoteTill>(uri);
  failing.add(part);
  expect(await remote.pay(5)).toBe(5);
  await expect(remote.refuse()).rejects.toThrow('no change');
  expect(await remote.$batch((batch) => void [batch.pay(1), batch.pay(2)])).toEqual([1, 2]);
  expect(till.paid).toBe(3);
  expect(daemon.inspect().totals.connectionsOpened).toBe(1);
});

it.each(PARTS)('a fault of the application in the SDK abandons no connection, also when a name leads to it: %s', async (part) => {
  const { till, daemon, uri } = await serveTill();
  const nameServer = await startNameServer({ port: 0, telemetry: false });
  closeAfter(() => nameServer.close());
  const { port } = nameServer.uri;
  await using names = await locateNameServer({ port });
  await names.register('lab.till', uri);
  failing.add(part);
  for (const to of [uri, 'PYRONAME:lab.till']) {
    await using remote = PyroProxy.to<RemoteTill>(to, { maxRetries: 0, nameServer: { port } });
    for (let amount = 0; amount < 10; amount++) expect(await remote.pay(amount)).toBe(amount);
    await remote.$release();
  }
  expect(till.paid).toBe(20);
  expect(daemon.inspect().totals.connectionsOpened).toBe(2);
  await eventually(() => daemon.inspect().totals.connectionsOpen === 0);
});

it.each(PARTS)('a fault of the application in the SDK harms no served call: %s', async (part) => {
  const daemon = await PyroDaemon.listen({ port: 0 });
  closeAfter(() => daemon.close());
  daemon.on('error', () => undefined);
  const till = new Till();
  const uri = daemon.register(till, 'till');
  await using remote = await PyroProxy.connect<RemoteTill>(uri, { telemetry: false });
  failing.add(part);
  expect(await remote.pay(5)).toBe(5);
  await expect(remote.refuse()).rejects.toThrow('no change');
  expect(await remote.$batch((batch) => void [batch.pay(1), batch.pay(2)])).toEqual([1, 2]);
  expect(till.paid).toBe(3);
});

it('warnings of the process tell the error of a failing SDK', async () => {
  const { uri } = await serveTill();
  await using remote = await PyroProxy.connect<RemoteTill>(uri);
  failing.add('onEnd');
  await remote.pay(1);
  const told = warnings.filter((text) => text.includes('the SDK fails: '));
  expect(told).not.toEqual([]);
});
