import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer, type PyroServerOptions } from 'nestjs-pyro';
import { AppModule } from './app.module.js';

/** One process. In a cluster it shares its port with the others; as a replica it has a port and a name of its own. */
const { PORT = '9999', REPLICA, NAME_SERVER = 'localhost:9090' } = process.env;
const [nameServerHost, nameServerPort] = NAME_SERVER.split(':');
const options: PyroServerOptions =
  REPLICA === undefined
    ? { host: '127.0.0.1', port: Number(PORT) }
    : { host: '127.0.0.1', port: 0, nameServer: { host: nameServerHost, port: Number(nameServerPort) } };

const server = new PyroServer(options);
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy: server });
app.enableShutdownHooks();
// without the process that started this one nobody would end it
process.once('disconnect', () => void app.close());
await app.listen();
process.send!(String(server.unwrap().uriFor('example.primes')));
