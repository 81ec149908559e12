import { inspect } from 'node:util';
import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { Autoproxy } from '../../client/options/proxy-options.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { PYRO_SERVER, serversOf } from '../binding/pyro-binder.js';
import type { PyroServer } from './pyro-server.js';

/** True for a PyroServer, also for one of another copy of this package. */
export function isPyroServer(value: unknown): value is PyroServer {
  return typeof value === 'object' && value !== null && PYRO_SERVER in value;
}

/**
 * The PyroServers of the application, to inject. Nest makes providers before `main.ts` makes the servers, so look a server up in
 * `onModuleInit` or later:
 *
 * ```ts
 * onApplicationBootstrap() {
 *   this.servers.get().register(new Device(), { objectId: 'device.7', name: 'lab.device.7' });
 * }
 * ```
 */
@Injectable()
export class PyroServers {
  constructor(private readonly modules: ModulesContainer) {}

  /** @internal */
  [inspect.custom](): string {
    return `PyroServers <${this.all().length}>`;
  }

  /** All servers that were connected to the application by now. */
  all(): PyroServer[] {
    return serversOf<PyroServer>(this.modules);
  }

  /**
   * A server by the `name` of its options, or the only server of the application.
   *
   * @throws {Error} when there is no such server yet, or when there are several and no name is given
   */
  get(name?: string): PyroServer {
    const all = this.all();
    const fitting = name === undefined ? all : all.filter((server) => server.name === name);
    const [server] = fitting;
    if (server === undefined) {
      const what = name === undefined ? 'PyroServer' : `PyroServer named "${name}"`;
      throw new Error(`there is no ${what} yet: it is there after connectMicroservice(), so from onModuleInit on`);
    }
    if (fitting.length > 1) throw new Error(`there are ${fitting.length} PyroServers: say which one is meant by its name`);
    return server;
  }

  /**
   * @internal Makes references of objects that clients of this application pass on. An object travels by the URI of the server that serves
   * it. If an object with exposed members is not registered, it is registered at the first server until the connection closes.
   */
  readonly autoproxy: Autoproxy = {
    referenceFor: (value) => this.daemonFor(value)?.referenceFor(value),
    leaseFor: (value) => this.daemonFor(value)?.leaseFor(value),
  };

  private daemonFor(value: object): PyroDaemon | undefined {
    const daemons = this.all()
      .filter((server) => server.isListening)
      .map((server) => server.unwrap<PyroDaemon>());
    return daemons.find((daemon) => daemon.referenceFor(value)) ?? daemons[0];
  }
}
