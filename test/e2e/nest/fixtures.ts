import 'reflect-metadata';
import { type INestApplication, type INestMicroservice, Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type PyroDaemon, PyroServer, type PyroServerOptions } from '../../../lib/index.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';

/** Called after each test, the last one first. */
const closers: (() => unknown)[] = [];

export function closeAfter(close: () => unknown): void {
  closers.push(close);
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export function moduleOf(metadata: ModuleMetadata): new () => object {
  @Module(metadata)
  class TestModule {}
  return TestModule;
}

/** The kinds of Nest application that can have a server. */
export const WAYS = ['hybrid', 'standalone', 'testing', 'testing standalone'] as const;
export type Way = (typeof WAYS)[number];

/** The methods that all kinds of application share. */
export type AnyApp = INestApplication | INestMicroservice;

export interface Served<App extends AnyApp = AnyApp> {
  app: App;
  server: PyroServer;
  join(object: string, handshake?: unknown): Promise<ScriptedPeer>;
}

export interface ServeOptions<App extends AnyApp = AnyApp> extends PyroServerOptions {
  /** Called after the application is created and before it is initialised. */
  prepare?: (app: App, server: PyroServer) => void;
  /** Overrides providers of a testing module. */
  override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
}

/** Starts a hybrid application with one server on a free port. */
export function serve(metadata: ModuleMetadata, options: ServeOptions<INestApplication> = {}): Promise<Served<INestApplication>> {
  return serveBy('hybrid', metadata, options as ServeOptions) as Promise<Served<INestApplication>>;
}

/** Starts an application of the given kind with one server on a free port, and closes it after the test. */
export function serveBy(way: Way, metadata: ModuleMetadata, options: ServeOptions = {}): Promise<Served> {
  return start(way, metadata, options, (app) => closeAfter(() => app.close()));
}

/** Starts one application for all tests of the `describe` that calls this function. */
export function serveForAll(way: Way, metadata: ModuleMetadata, options: ServeOptions = {}): () => Served {
  let served: Served | undefined;
  let app: AnyApp | undefined;
  beforeAll(async () => {
    served = await start(way, metadata, options, (made) => (app = made));
  });
  afterAll(() => app?.close());
  return () => served!;
}

async function start(
  way: Way,
  metadata: ModuleMetadata,
  { prepare, override = (builder) => builder, ...options }: ServeOptions,
  keep: (app: AnyApp) => void,
): Promise<Served> {
  const server = new PyroServer({ host: '127.0.0.1', port: 0, ...options });
  const strategy: MicroserviceOptions = { strategy: server };
  const quiet = { logger: false, abortOnError: false } as const;
  const testing = way.startsWith('testing') ? await override(Test.createTestingModule(metadata)).compile() : undefined;
  const app = way.endsWith('standalone')
    ? (testing?.createNestMicroservice({ ...strategy, ...quiet }) ??
      (await NestFactory.createMicroservice(moduleOf(metadata), { ...strategy, ...quiet })))
    : (testing?.createNestApplication(quiet) ?? (await NestFactory.create(moduleOf(metadata), quiet)));
  keep(app);
  if ('connectMicroservice' in app) {
    app.connectMicroservice(strategy);
    prepare?.(app, server);
    await app.init();
    await app.startAllMicroservices();
  } else {
    prepare?.(app, server);
    await app.listen();
  }
  return { app, server, join: (object, handshake) => joinServer(server, object, handshake) };
}

export async function joinServer(server: PyroServer, object: string, handshake?: unknown): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.join(server.unwrap<PyroDaemon>().locationStr, object, handshake);
  closeAfter(() => peer.destroy());
  return peer;
}

/** Keyword arguments in a call of {@link ScriptedPeer}. */
export async function callWith(
  peer: ScriptedPeer,
  object: string,
  method: string,
  args: unknown[],
  kwargs: object,
): Promise<unknown> {
  const { FLAGS } = await import('../../../lib/core.js');
  const { RemoteFailure, valueOf } = await import('../../../lib/testing/index.js');
  peer.invoke(object, method, args, kwargs);
  const frame = await peer.next();
  if (frame.header.flags & FLAGS.exception) throw new RemoteFailure(frame);
  return valueOf(frame);
}

/** Calls a method that gives a stream, and returns the id of the stream. */
export async function openStream(peer: ScriptedPeer, object: string, method: string, ...args: unknown[]): Promise<string> {
  peer.invoke(object, method, args);
  const frame = await peer.next();
  const id = frame.annotations.get('STRM');
  if (id === undefined) throw new Error('the call gave no stream');
  return id.toString();
}

export const nextItem = (peer: ScriptedPeer, id: string): Promise<unknown> =>
  peer.call('Pyro.Daemon', 'get_next_stream_item', id);

/** Reads all items of a stream to its end. */
export async function readStream(peer: ScriptedPeer, id: string): Promise<unknown[]> {
  const items: unknown[] = [];
  for (;;) {
    try {
      items.push(await nextItem(peer, id));
    } catch (error) {
      if ((error as { pythonType?: string }).pythonType === 'builtins.StopIteration') return items;
      throw error;
    }
  }
}

export async function eventually(condition: () => boolean, what = 'condition'): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come to hold within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
