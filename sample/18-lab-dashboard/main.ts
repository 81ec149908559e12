import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

/** URIs of the thermometer, the balance and the gauge, and of the switch, which the client uses. */
const uris = (process.argv[2] ?? '').split(' ');
// browsers keep their streams of events open: they do not delay the shutdown
const app = await NestFactory.create(AppModule.with(uris), { forceCloseConnections: true });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(`ready: ${await app.getUrl()} ${uris.join(' ')}`);
