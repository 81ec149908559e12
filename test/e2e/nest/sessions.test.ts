import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type INestApplication, Injectable, Scope } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PyroController, PyroMethod, PyroServer } from '../../../lib/index.js';
import { ensurePythonEnv } from '../../interop/python-env.js';

const CLIENTS = 100;
const SESSION_BYTES = 100_000;
const alive = new Set<object>();
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
  /** Memory per session, large enough that a leaked session shows in the heap. */
  readonly ballast = Array.from({ length: SESSION_BYTES / 8 }, () => this.id);

  constructor(readonly dependency: Dependency) {
    alive.add(this);
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

function heapBytes(): number {
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

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
  await visit(1);
  const before = heapBytes();
  await visit(3);
  expect(made).toBe(4 * CLIENTS);
  expect(alive.size).toBe(0);
  expect(disposedDependencies).toBe(4 * CLIENTS);
  // three hundred leaked sessions would take 30 MB
  expect(heapBytes() - before).toBeLessThan((10 * SESSION_BYTES * CLIENTS) / 100);
});
