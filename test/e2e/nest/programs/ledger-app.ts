/** An application whose object writes down each call that it carries out: `ledger-app.ts JOURNAL [LOCATION-FILE]`. */
import 'reflect-metadata';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroController, type PyroDaemon, PyroMethod, PyroServer } from '../../../../lib/index.js';

/** Time limits that no test reaches, unless the time is measured wrong. */
const LONG_MS = 600_000;

const [journal = '', locationFile] = process.argv.slice(2);

@PyroController('ledger', { instanceMode: 'single' })
class Ledger {
  private readonly logger = new Logger('Ledger');
  /** Calls that were carried out, by client. */
  private readonly counts = new Map<string, number>();

  constructor() {
    const lines = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').slice(0, -1) : [];
    for (const line of lines) this.count(line.split(' ')[0]!);
  }

  /** @returns the number of calls of the client that were carried out, with this one */
  @PyroMethod() add(client: string, call: number): number {
    appendFileSync(journal, `${client} ${call}\n`);
    return this.count(client);
  }
  @PyroMethod() async addLater(client: string, call: number): Promise<number> {
    await sleep(1);
    return this.add(client, call);
  }
  @PyroMethod({ oneway: true }) tell(client: string, call: number): void {
    this.add(client, call);
  }
  @PyroMethod() *items(to: number): Generator<number> {
    for (let item = 0; item < to; item++) yield item;
  }
  /** Writes a line to the log. */
  @PyroMethod() log(text: string): string {
    this.logger.log(text);
    return text;
  }

  private count(client: string): number {
    const count = (this.counts.get(client) ?? 0) + 1;
    this.counts.set(client, count);
    return count;
  }
}

@Module({ providers: [Ledger] })
class AppModule {}

// without these listeners Node ends the process when a line of the log cannot be written
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
const strategy = new PyroServer({
  host: '127.0.0.1',
  port: 0,
  streamLingerMs: 0,
  housekeepingIntervalMs: 20,
  handshakeTimeoutMs: LONG_MS,
  idleTimeoutMs: LONG_MS,
  callTimeoutMs: LONG_MS,
  streamLifetimeMs: LONG_MS,
});
const logger = locationFile === undefined ? (false as const) : undefined;
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
  strategy,
  ...(logger === false && { logger }),
});
await app.listen();
const { locationStr } = strategy.unwrap<PyroDaemon>();
if (locationFile === undefined) console.log(`ready: ${locationStr}`);
else writeFileSync(locationFile, locationStr);
