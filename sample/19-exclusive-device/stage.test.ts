import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PyroServer, type RemoteObject } from 'nestjs-pyro';
import { connectInMemory } from 'nestjs-pyro/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppModule } from './app.module.js';
import { StageDrive } from './stage.drive.js';

interface Stage {
  status(): { position: number; parked: boolean; holder: string | null; waiting: string[] };
  acquire(waitSeconds?: number, leaseSeconds?: number): void;
  release(): void;
  move_to(mm: number): number;
}

/** A drive whose limit switch is broken. It moves when the test says so. */
class StuckDrive extends StageDrive {
  readonly start = new AbortController();

  protected override async step(): Promise<void> {
    if (!this.start.signal.aborted) await once(this.start.signal, 'abort');
  }

  override async park(): Promise<void> {
    throw new Error('the limit switch does not answer');
  }
}

let app: INestMicroservice;
let server: PyroServer;
beforeEach(async () => {
  const testing = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(StageDrive)
    .useClass(StuckDrive)
    .compile();
  server = new PyroServer({ listen: false });
  app = testing.createNestMicroservice({ strategy: server, logger: false });
  await app.listen();
});
afterEach(() => app.close());

function connect(name: string): Promise<RemoteObject<Stage>> {
  return connectInMemory<Stage>(server, 'example.stage', { handshake: { name, token: `token-of-${name.toLowerCase()}` } });
}

it('the stage keeps the lease of its holder while it moves, whatever else the holder asks', async () => {
  await using ann = await connect('Ann');
  await ann.acquire(0, 0.1);
  await ann.$with({ oneway: true }).move_to(3);
  await expect(ann.move_to(5)).rejects.toThrow('in motion already');
  await ann.acquire(0, 0.1);
  await sleep(300);
  expect((await ann.status()).holder).toBe('Ann');
  (app.get(StageDrive, { strict: false }) as StuckDrive).start.abort();
  await expect.poll(async () => (await ann.status()).position).toBe(3);
});

it('a stage that could not be parked is given to nobody', async () => {
  const ann = await connect('Ann');
  await using bob = await connect('Bob');
  await using other = await connect('Bob');
  await ann.acquire();
  const turn = bob.acquire(60);
  await expect.poll(async () => (await other.status()).waiting).toEqual(['Bob']);
  void ann.$release();
  const problem = 'the stage could not be parked: the limit switch does not answer';
  await expect(turn).rejects.toThrow(problem);
  await expect(other.acquire()).rejects.toThrow(problem);
  await expect(other.move_to(5)).rejects.toMatchObject({ pythonType: 'builtins.PermissionError' });
});

it('the queue drops a client that disconnects', async () => {
  await using ann = await connect('Ann');
  await using bob = await connect('Bob');
  await ann.acquire();
  const leaving = new AbortController();
  // a call that is aborted ends its connection
  const turn = bob.$with({ signal: leaving.signal }).acquire(60);
  await expect.poll(async () => (await ann.status()).waiting).toEqual(['Bob']);
  leaving.abort();
  await expect(turn).rejects.toThrow('aborted');
  await expect.poll(async () => (await ann.status()).waiting).toEqual([]);
});

it('the queue holds a client once, and a moving stage is given to nobody', async () => {
  await using ann = await connect('Ann');
  await using bob = await connect('Bob');
  await ann.acquire();
  // oneway calls run while the client makes others
  await bob.$with({ oneway: true }).acquire(60);
  await expect.poll(async () => (await ann.status()).waiting).toEqual(['Bob']);
  await expect(bob.acquire(60)).rejects.toThrow('Bob waits already');
  await ann.$with({ oneway: true }).move_to(100);
  await expect.poll(async () => (await ann.status()).parked).toBe(false);
  await expect(ann.release()).rejects.toThrow('the stage is in motion');
  expect(await ann.status()).toMatchObject({ holder: 'Ann', waiting: ['Bob'] });
  app.get<StuckDrive>(StageDrive).start.abort();
  await expect.poll(async () => (await ann.status()).position).toBe(100);
  await ann.release();
  await expect.poll(async () => (await ann.status()).holder).toBe('Bob');
});
