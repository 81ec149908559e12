import 'reflect-metadata';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer, type PyroServerOptions, type PyroUri } from 'nestjs-pyro';
import { locateNameServer, PyroDaemon, type PyroDaemonOptions } from 'nestjs-pyro/core';
import { vi } from 'vitest';
import { findIn } from '../../../scripts/program.js';
import { upstreamDistribution } from '../python-env.js';

class ExampleModule {}

/** Collects the output of a server, in place of the console of the Python server. Nest providers can inject it. */
export class ServerConsole {
  text = '';

  log(...parts: unknown[]): void {
    this.text += `${parts.join(' ')}\n`;
  }

  /** Waits until the pattern is printed, for example by a oneway call. */
  async printed(pattern: string | RegExp, from = 0): Promise<number> {
    return vi.waitFor(
      () => {
        const found = findIn(pattern, this.text, from);
        if (found === undefined) throw new Error(`the server did not print ${pattern} (after character ${from}):\n${this.text}`);
        return found.end;
      },
      { timeout: 60_000 },
    );
  }
}

/** The environment of one run of an example: a name server, a copy of upstream's folder, and everything to close afterwards. */
export class Stage implements AsyncDisposable {
  readonly console = new ServerConsole();
  /** Further environment variables of the scripts. */
  readonly variables: Record<string, string> = {};
  private readonly closings: (() => unknown)[] = [];

  private constructor(
    /** A scratch copy of upstream's folder. */
    readonly directory: string,
    /** The address of a Pyro5 name server that only this run uses. */
    readonly nameServer: { host: string; port: number },
  ) {}

  /** @param example name of upstream's folder */
  static async set(example: string, nameServerPort: number): Promise<Stage> {
    const directory = await mkdtemp(join(tmpdir(), `pyro-${example}-`));
    const stage = new Stage(directory, { host: '127.0.0.1', port: nameServerPort });
    stage.defer(() => rm(directory, { recursive: true, force: true }));
    await cp(join(await upstreamDistribution(), 'examples', example), directory, { recursive: true });
    return stage;
  }

  /** The environment variables of the scripts, which name the name server. */
  get env(): Record<string, string> {
    return {
      PYRO_NS_HOST: this.nameServer.host,
      PYRO_NS_PORT: String(this.nameServer.port),
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      ...this.variables,
    };
  }

  /** Serves Nest providers; objects that have a `name` are registered with the name server. */
  async nest(metadata: ModuleMetadata, options: PyroServerOptions = {}): Promise<PyroServer> {
    const strategy = new PyroServer({ host: '127.0.0.1', port: 0, nameServer: this.nameServer, ...options });
    const providers = [{ provide: ServerConsole, useValue: this.console }, ...(metadata.providers ?? [])];
    const module = { module: ExampleModule, ...metadata, providers };
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
      strategy,
      logger: false,
      abortOnError: false,
    });
    this.defer(() => app.close());
    await app.listen();
    return strategy;
  }

  /** A daemon without Nest. */
  async daemon(options: PyroDaemonOptions = {}): Promise<PyroDaemon> {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, ...options });
    this.defer(() => daemon.close());
    return daemon;
  }

  async register(name: string, uri: PyroUri | string, metadata?: readonly string[]): Promise<void> {
    await using nameServer = await locateNameServer(this.nameServer);
    await nameServer.register(name, uri, { metadata });
  }

  /** Finds a free port, for servers that restart on the same port. */
  async freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  /** Adds a function to run at the end of the run, in reverse order. */
  defer(close: () => unknown): void {
    this.closings.push(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.closings.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
