/**
 * A daemon of this package with an SDK of OpenTelemetry. `telemetry.js SIGNALS library`: the library uses the SDK. `telemetry.js SIGNALS
 * sdk`: the telemetry of the library is off, and the method calls the same functions of the SDK, once for each call.
 */
import { context, metrics, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { expose, PyroDaemon } from 'nestjs-pyro/core';
import { setUpSdk, type Signals } from '../sdk.js';

const signals = process.argv[2] as Signals;
const isSdkAlone = process.argv[3] === 'sdk';
setUpSdk(signals);

type Add = (a: number, b: number) => number;

/** Made once, to measure only the work of each call. */
const ATTRIBUTES = {
  'rpc.system.name': 'pyro5',
  'rpc.method': 'bench/add',
  'server.address': '127.0.0.1',
  'server.port': 12_345,
};

function measured(add: Add): Add {
  const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
  const duration = metrics
    .getMeter('bench')
    .createHistogram('rpc.server.call.duration', { unit: 's', advice: { explicitBucketBoundaries: boundaries } });
  return (a, b) => {
    const startedAt = performance.now();
    const sum = add(a, b);
    duration.record((performance.now() - startedAt) / 1_000, ATTRIBUTES, ROOT_CONTEXT);
    return sum;
  };
}

function traced(add: Add): Add {
  const tracer = trace.getTracer('bench');
  const options = { kind: SpanKind.SERVER, attributes: ATTRIBUTES };
  return (a, b) => {
    const span = tracer.startSpan('bench/add', options, ROOT_CONTEXT);
    const sum = context.with(trace.setSpan(ROOT_CONTEXT, span), add, undefined, a, b);
    span.end();
    return sum;
  };
}

let add: Add = (a, b) => a + b;
if (isSdkAlone && signals.includes('metrics')) add = measured(add);
if (isSdkAlone && signals.includes('sampled')) add = traced(add);

class Bench {
  add(a: number, b: number): number {
    return add(a, b);
  }
}
expose(Bench);

const daemon = await PyroDaemon.listen({ host: '127.0.0.1', ...(isSdkAlone && { telemetry: false }) });
daemon.register(new Bench(), 'bench');
console.log(`ready: ${daemon.locationStr}`);
