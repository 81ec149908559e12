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

/** A drive whose limit switch is broken. */
class StuckDrive extends StageDrive {
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

it('gives a stage that could not be parked to nobody', async () => {
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

it('takes a client that goes away out of the queue', async () => {
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
