import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ExecutionContext, Inject, Injectable, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import { createObserveModule } from '@nestjs/observe';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { ClsGuard, ClsModule, ClsService } from 'nestjs-cls';
import { firstValueFrom } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  PyroClient,
  type PyroContext,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroProxy,
  PyroServer,
} from '../../../lib/index.js';
import { withCorrelationId } from '../../../lib/core.js';
import { closeAfter, eventually, serve } from '../nest/fixtures.js';

/** A trace that the sampler refuses, as the application has chosen it in code. */
const REFUSED = '0af76519-16cd-43dd-8448-eb211c803190';
const TAKEN = '0af76519-16cd-43dd-8448-eb211c80319f';
const plain = (id: string): string => id.replaceAll('-', '');

const root: Sampler = {
  shouldSample: (_context, traceId) => {
    return { decision: traceId === plain(REFUSED) ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED };
  },
  toString: () => 'refuses one trace',
};
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({
  sampler: new ParentBasedSampler({ root }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});

beforeAll(() => provider.register());
afterEach(() => exporter.reset());
afterAll(async () => {
  trace.disable();
  context.disable();
  propagation.disable();
  await provider.shutdown();
});

const spans = (name: string, kind?: SpanKind): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name && (kind === undefined || span.kind === kind));
const traceOf = (span: ReadableSpan | undefined): string => span!.spanContext().traceId;

@PyroController({ objectId: 'lamp', instanceMode: 'single' })
class Lamp {
  @PyroMethod() shine(): string {
    return trace.getActiveSpan()?.spanContext().traceId ?? '';
  }
  @PyroMethod() told(@Ctx() call: PyroContext): unknown {
    return call.getMetadata() ?? null;
  }
}

async function serveLamp(): Promise<string> {
  const { server } = await serve({ providers: [Lamp] });
  return String(server.unwrap<PyroDaemon>().uriFor('lamp'));
}

describe('a call of our own client without a traceparent', () => {
  it('a call of our client without a traceparent belongs to the trace of its correlation id', async () => {
    await using lamp = await PyroProxy.connect<Lamp>(await serveLamp(), { telemetry: false });
    expect(await withCorrelationId(TAKEN, () => lamp.shine())).toBe(plain(TAKEN));
    expect(await lamp.shine()).not.toBe(plain(TAKEN));
    await eventually(() => spans('lamp/shine').length === 2);
    for (const span of spans('lamp/shine')) expect(plain(span.attributes['pyro.correlation_id'] as string)).toBe(traceOf(span));
  });

  it('a call of our client without a traceparent is sampled as the sampler of the application decides about the trace', async () => {
    await using lamp = await PyroProxy.connect<Lamp>(await serveLamp(), { telemetry: false });
    // the trace goes on in the call, without being recorded
    expect(await withCorrelationId(REFUSED, () => lamp.shine())).toBe(plain(REFUSED));
    await withCorrelationId(TAKEN, () => lamp.shine());
    await eventually(() => spans('lamp/shine').length > 0);
    expect(spans('lamp/shine').map(traceOf)).toEqual([plain(TAKEN)]);
  });
});

describe('the trace context in the metadata of a packet, where Nest puts it', () => {
  const traceparent = `00-${plain(TAKEN)}-b7ad6b7169203331-01`;

  it('the trace context in the metadata of a packet is the parent of the span of a server', async () => {
    const client = new PyroClient({ uri: await serveLamp(), telemetry: false });
    closeAfter(() => client.close());
    client.setOnDispatchHook((packet) => (packet.metadata = { ...packet.metadata, traceparent }));
    expect(await firstValueFrom(client.send('shine'))).toBe(plain(TAKEN));
    await eventually(() => spans('lamp/shine').length === 1);
    expect(spans('lamp/shine')[0]!.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  it('the span of the call itself wins over the trace context in the metadata of a packet', async () => {
    const client = new PyroClient({ uri: await serveLamp() });
    closeAfter(() => client.close());
    client.setOnDispatchHook((packet) => (packet.metadata = { ...packet.metadata, traceparent, tenant: 'acme' }));
    expect(await firstValueFrom(client.send('told'))).toEqual({ traceparent, tenant: 'acme' });
    await eventually(() => spans('lamp/told').length === 2);
    const [own] = spans('lamp/told', SpanKind.CLIENT);
    const [server] = spans('lamp/told', SpanKind.SERVER);
    expect(server!.parentSpanContext?.spanId).toBe(own!.spanContext().spanId);
  });
});

describe('nestjs-cls', () => {
  it('nestjs-cls has its store, and the call its span, in the method and at each item of a stream', async () => {
    @PyroController('store')
    @UseGuards(ClsGuard)
    class Store {
      @Inject(ClsService) private readonly cls!: ClsService;
      @PyroMethod() async both(): Promise<unknown[]> {
        await new Promise(setImmediate);
        return [this.cls.get<string>('object'), trace.getActiveSpan()?.spanContext().traceId];
      }
      @PyroMethod() async *items(): AsyncGenerator<unknown[]> {
        for (let at = 0; at < 2; at++) {
          await new Promise(setImmediate);
          yield [this.cls.get<string>('object'), trace.getActiveSpan()?.spanContext().traceId];
        }
      }
    }
    const setup = (cls: ClsService, host: ExecutionContext): void => {
      cls.set('object', host.switchToRpc().getContext<PyroContext>().objectId);
    };
    const imports = [ClsModule.forRoot({ guard: { setup } })];
    const { server } = await serve({ imports, providers: [Store] });
    await using store = await PyroProxy.connect<{ both(): unknown[]; items(): AsyncGenerator<unknown[]> }>(
      server.unwrap<PyroDaemon>().uriFor('store'),
    );
    expect(await store.both()).toEqual(['store', expect.stringMatching(/^[0-9a-f]{32}$/)]);
    const items: unknown[][] = [];
    for await (const item of await store.items()) items.push(item);
    await eventually(() => spans('store/items', SpanKind.SERVER).length === 1);
    const traceId = traceOf(spans('store/items', SpanKind.SERVER)[0]);
    expect(items).toEqual([
      ['store', traceId],
      ['store', traceId],
    ]);
  });
});

describe('@nestjs/observe', () => {
  it('@nestjs/observe follows a call in its own trace, while the spans of OpenTelemetry are one trace', async () => {
    // instead of its collector
    const collector = createServer((_request, response) => response.end());
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    closeAfter(() => new Promise((resolve) => collector.close(resolve)));
    const { port } = collector.address() as AddressInfo;
    const uri = await serveLamp();

    @Injectable()
    class LampClient extends PyroClient {
      constructor() {
        super({ uri });
      }
    }
    @PyroController('room')
    class Room {
      constructor(private readonly lamp: LampClient) {}
      @PyroMethod() async enter(): Promise<unknown> {
        return firstValueFrom(this.lamp.send('told'));
      }
    }
    const { ObserveInstrument, ObserveModule } = createObserveModule();
    @Module({
      imports: [
        ObserveModule.forRoot({ appKey: 'key', appSecret: 'secret', serviceId: 'test', endpoint: `http://127.0.0.1:${port}` }),
      ],
      providers: [Room, LampClient],
    })
    class AppModule {}
    const server = new PyroServer({ host: '127.0.0.1', port: 0 });
    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false, instrument: ObserveInstrument });
    closeAfter(() => app.close());
    app.connectMicroservice({ strategy: server });
    await app.init();
    await app.startAllMicroservices();
    await using room = await PyroProxy.connect<{ enter(): unknown }>(server.unwrap<PyroDaemon>().uriFor('room'));
    expect(await room.enter()).toEqual({ 'x-request-id': expect.stringMatching(/.+/) as string });
    await eventually(() => spans('lamp/told').length === 2 && spans('room/enter').length === 2);
    expect(new Set([...spans('lamp/told'), ...spans('room/enter')].map(traceOf)).size).toBe(1);
  });
});
