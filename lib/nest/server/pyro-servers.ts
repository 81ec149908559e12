import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { Autoproxy } from '../../client/options/proxy-options.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { PYRO_SERVER } from '../binding/pyro-binder.js';
import type { PyroServer } from './pyro-server.js';

/**
 * The PyroServers of the application, to inject: they are made in `main.ts`, and providers before them. So look one up in
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

  /** All servers that are connected to the application by now. */
  all(): PyroServer[] {
    const servers = new Set<PyroServer>();
    this.modules
      .getRpcTargetRegistry<Partial<PyroServer> | undefined>()
      .subscribe((server) => {
        if (server?.[PYRO_SERVER]) servers.add(server as PyroServer);
      })
      .unsubscribe();
    return [...servers];
  }

  /**
   * A server by the `name` of its options; without one, the only server that there is.
   *
   * @throws {Error} when there is none yet, or several without a name being given
   */
  get(name?: string): PyroServer {
    const all = this.all();
    const fitting = name === undefined ? all : all.filter((server) => server.name === name);
    const [server] = fitting;
    if (server === undefined) {
      const what = name === undefined ? 'PyroServer' : `PyroServer named "${name}"`;
      throw new Error(`there is no ${what} yet: it is there behind connectMicroservice(), so from onModuleInit on`);
    }
    if (fitting.length > 1) throw new Error(`there are ${fitting.length} PyroServers: say which one is meant by its name`);
    return server;
  }

  /**
   * @internal how objects of ours travel through clients of this application: by the URI of the server that serves them; others
   * with exposed members are served by the first server for as long as the connection lasts that they are passed over
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
