/** An application with OpenTelemetry, whose object gives the spans that were made. Prints its URI. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { PyroController, type PyroDaemon, PyroMethod, PyroServer } from '../../../../lib/index.js';

const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

@PyroController({ objectId: 'last', instanceMode: 'single' })
class Last {
  @PyroMethod() work(value: number): number {
    return value + 1;
  }
  @PyroMethod() spans(): unknown[] {
    return exporter.getFinishedSpans().map((span) => {
      const { traceId, spanId } = span.spanContext();
      return { name: span.name, traceId, spanId, parentId: span.parentSpanContext?.spanId ?? null };
    });
  }
}

@Module({ providers: [Last] })
class AppModule {}

const server = new PyroServer({ host: '127.0.0.1', port: 0 });
const app = await NestFactory.createMicroservice(AppModule, { strategy: server, logger: false });
await app.listen();
console.log(`uri: ${String(server.unwrap<PyroDaemon>().uriFor('last'))}`);
