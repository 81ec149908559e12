import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type INestApplication, Injectable, Scope } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PyroController, PyroMethod, PyroServer } from '../../../lib/index.js';
import { collectUntil } from '../../garbage-collection.js';
import { ensurePythonEnv } from '../../interop/python-env.js';

const CLIENTS = 100;
const alive = new Set<object>();
const inMemory: WeakRef<object>[] = [];
let made = 0;
let disposedDependencies = 0;

@Injectable({ scope: Scope.REQUEST })
class Dependency {
  [Symbol.dispose](): void {
    disposedDependencies++;
  }
}

@PyroController('session')
class Session {
  private readonly id = ++made;

  constructor(readonly dependency: Dependency) {
    alive.add(this);
    inMemory.push(new WeakRef(this), new WeakRef(dependency));
  }
  @PyroMethod() number(): number {
    return this.id;
  }
  @PyroMethod() alive(): number {
    return alive.size;
  }
  [Symbol.dispose](): void {
    alive.delete(this);
  }
}

let app: INestApplication;
const server = new PyroServer({ host: '127.0.0.1' });

beforeAll(async () => {
  const module = await Test.createTestingModule({ providers: [Session, Dependency] }).compile();
  app = module.createNestApplication();
  app.connectMicroservice<MicroserviceOptions>({ strategy: server });
  await app.init();
  await app.startAllMicroservices();
});
afterAll(() => app.close());

async function visit(rounds: number): Promise<void> {
  const python = await ensurePythonEnv();
  const script = fileURLToPath(new URL('hundred_clients.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python, [script, String(server.unwrap().uriFor('session')), String(rounds)]);
  expect(stdout).toBe('ok\n');
  const deadline = Date.now() + 20_000;
  while (server.unwrap().connections.length + alive.size > 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

it('a hundred concurrent Python clients have a session each, and none of the sessions stays in memory', async () => {
  await visit(4);
  expect(made).toBe(4 * CLIENTS);
  expect(alive.size).toBe(0);
  expect(disposedDependencies).toBe(4 * CLIENTS);
  expect(inMemory).toHaveLength(2 * 4 * CLIENTS);
  await collectUntil(() => inMemory.every((instance) => instance.deref() === undefined));
});
