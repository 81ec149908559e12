/** A client under load: `node.js ours|raw [SIGNALS]`, an object that runs a case with a proxy of this package, or with the load generator. */
import { AsyncResource } from 'node:async_hooks';
import { expose, PyroDaemon, PyroProxy, type RemoteObject } from 'nestjs-pyro/core';
import type { Case } from '../cases.js';
import type { Turn } from '../contest.js';
import { type Caller, measureCallers } from '../load/callers.js';
import { checkValue } from '../load/check-value.js';
import { LoadGenerator } from '../load/load-generator.js';
import type { Figures } from '../load/meter.js';
import { BATCH_LENGTH, PyroWire } from '../load/pyro-wire.js';
import { setUpSdk, type Signals } from '../sdk.js';

/** The async context of measured calls. They belong to no served call and carry no correlation id, like calls of Python's threads. */
const outsideOfCalls = new AsyncResource('client');

class Driver {
  measure(location: string, theCase: Case, turn: Turn): Promise<Figures> {
    const measure = process.argv[2] === 'ours' ? measureOurs : measureRaw;
    return outsideOfCalls.runInAsyncScope(measure, undefined, location, theCase, turn);
  }
}
expose(Driver);

setUpSdk((process.argv[3] ?? 'none') as Signals);
const daemon = await PyroDaemon.listen({ host: '127.0.0.1', telemetry: false });
daemon.register(new Driver(), 'driver');
console.log(`ready: ${daemon.locationStr}`);

function measureRaw(location: string, theCase: Case, turn: Turn): Promise<Figures> {
  if (theCase.kind === 'visit') throw new Error('no case of a client');
  const wire = new PyroWire({ ...theCase, kind: theCase.kind, object: 'bench' });
  return LoadGenerator.measure({ location, pid: process.pid, wire, connections: theCase.connections }, turn);
}

/** Measures a proxy with a pool of connections, and as many callers as connections. */
async function measureOurs(location: string, theCase: Case, turn: Turn): Promise<Figures> {
  await using proxy = await PyroProxy.connect(`PYRO:bench@${location}`, {
    poolSize: theCase.connections,
    ...(theCase.serializer && { serializer: theCase.serializer }),
  });
  const callers = await Promise.all(Array.from({ length: theCase.connections }, () => callerOf(proxy, theCase)));
  return await measureCallers(process.pid, callers, turn);
}

/** The first reply is checked. */
async function callerOf(proxy: RemoteObject, { kind, method, args, expected }: Case): Promise<Caller> {
  const remote = proxy[method]!;
  const values = [...args];
  const oneOf: Record<string, () => Caller | Promise<Caller>> = {
    async call() {
      checkValue(await remote(...values), expected);
      return { calls: 1, call: () => remote(...values) };
    },
    async stream() {
      const items = ((await remote(...values)) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      checkValue((await items.next()).value, expected);
      return { calls: 1, call: () => items.next() };
    },
    batch() {
      const record: Parameters<typeof proxy.$batch>[0] = (recorder) => {
        for (let index = 0; index < BATCH_LENGTH; index++) recorder[method]!(...values);
      };
      return { calls: BATCH_LENGTH, call: () => proxy.$batch(record) };
    },
  };
  return oneOf[kind]!();
}
