/** Nest's own transports with the same methods: `nest-other.js tcp|grpc`. */
import 'reflect-metadata';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, MessagePattern, type MicroserviceOptions, Payload, Transport } from '@nestjs/microservices';
import { packageRoot } from '../../scripts/package-root.js';

@Controller()
class Bench {
  @MessagePattern('add') add(@Payload() [a, b]: [number, number]): number {
    return a + b;
  }
  @MessagePattern('echo') echo(@Payload() [value]: [unknown]): unknown {
    return value;
  }
  @GrpcMethod('Bench', 'Add') addOverGrpc({ a, b }: { a: number; b: number }): { sum: number } {
    return { sum: a + b };
  }
}

@Module({ controllers: [Bench] })
class BenchModule {}

const host = '127.0.0.1';
const port = await freePort();
const options: Record<string, MicroserviceOptions> = {
  tcp: { transport: Transport.TCP, options: { host, port } },
  grpc: {
    transport: Transport.GRPC,
    options: { url: `${host}:${port}`, package: 'bench', protoPath: join(packageRoot, 'bench/bench.proto') },
  },
};
const app = await NestFactory.createMicroservice<MicroserviceOptions>(BenchModule, {
  ...options[process.argv[2]!]!,
  logger: false,
});
await app.listen();
console.log(`ready: ${host}:${port}`);

/** Nest's transports do not tell which port the system chose for them. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, host, () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
}
