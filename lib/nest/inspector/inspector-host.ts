import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DaemonSource, type LocalDaemon } from '../../inspector/sources/daemon-source.js';
import { Inspector, type InspectorAction, type InspectorRoute } from '../../inspector/inspector.js';
import { refuseOtherMachines } from '../../inspector/requests/host-rules.js';
import { configError, givenOptions } from '../../options/option-checks.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { serversOf } from '../binding/pyro-binder.js';
import { wireLogOf } from '../logging/wire-log.js';
import { containerOf } from '../nest-internals.js';
import type { PyroServer } from '../server/pyro-server.js';
import { checkInspectorOptions, type PyroInspectorPlace, type PyroInspectorSettings } from './inspector-module-options.js';

/** Token of the path and the guards of the page. */
export const INSPECTOR_PLACE = Symbol('PyroInspectorModule place');
/** Token of the other options. */
export const INSPECTOR_SETTINGS = Symbol('PyroInspectorModule settings');

/** A request as Nest's platforms give it. Express gives Node's request; Fastify gives an object whose `raw` is Node's request. */
export interface PlatformRequest {
  raw?: IncomingMessage;
  /** The body, where the platform has read it. */
  body?: unknown;
}

/** A response as Nest's platforms give it. */
export interface PlatformResponse {
  raw?: ServerResponse;
  /** Fastify: the handler answers by `raw`. */
  hijack?(): void;
}

/** The inspector of an application: it shows its PyroServers. */
@Injectable()
export class InspectorHost implements OnModuleInit, OnModuleDestroy {
  private readonly inspector: Inspector;

  constructor(
    @Inject(INSPECTOR_PLACE) private readonly place: Required<PyroInspectorPlace>,
    @Inject(INSPECTOR_SETTINGS) settings: PyroInspectorSettings,
    private readonly modules: ModulesContainer,
    private readonly contexts: ExternalContextCreator,
  ) {
    checkInspectorOptions(settings);
    const { client: { wireLog, ...client } = {}, ...options } = settings;
    const proxies = { ...givenOptions(client), wireLog: wireLogOf(wireLog) };
    this.inspector = new Inspector(
      ({ maxListed }) => new DaemonSource(() => this.daemons(), proxies, maxListed),
      options,
      (request) => this.checkMachine(request),
    );
  }

  /** @throws {PyroError} `CONFIG`, when the guards of the application shall decide and there are none */
  onModuleInit(): void {
    const { path, guards } = this.place;
    if (guards === 'global') {
      const config = containerOf(this.contexts).applicationConfig!;
      if (config.getGlobalGuards().length + config.getGlobalRequestGuards().length > 0) return;
      throw configError(
        `PyroInspectorModule: guards is 'global', but the application has no global guard: provide an APP_GUARD, or name the guards of /${path} themselves`,
      );
    }
    if (guards.length === 0)
      new Logger('PyroInspector').warn(
        `the inspector at /${path} has no guards: only this machine may use it. Give PyroInspectorModule.forRoot the option guards`,
      );
  }

  /** Ends the event streams of the pages: Nest waits for open requests when it closes its web server. */
  async onModuleDestroy(): Promise<void> {
    await this.inspector.close();
  }

  async get(route: InspectorRoute, request: PlatformRequest, response: PlatformResponse): Promise<void> {
    const raw = rawOf(request, response);
    await this.inspector.get(route, raw.request, raw.response);
  }

  async post(action: InspectorAction, request: PlatformRequest, response: PlatformResponse): Promise<void> {
    const raw = rawOf(request, response);
    await this.inspector.post(action, raw.request, raw.response, request.body);
  }

  private checkMachine(request: IncomingMessage): void {
    if (this.place.guards.length === 0) refuseOtherMachines(request, 'PyroInspectorModule has no guards');
  }

  private daemons(): LocalDaemon[] {
    const servers = serversOf<PyroServer>(this.modules).filter(({ isListening }) => isListening);
    return servers.map((server, index) => {
      const daemon = server.unwrap<PyroDaemon>();
      const isTwice = servers.some((other, at) => at < index && other.name === server.name);
      return { id: server.name === undefined || isTwice ? daemon.locationStr : server.name, daemon };
    });
  }
}

function rawOf(request: PlatformRequest, response: PlatformResponse): { request: IncomingMessage; response: ServerResponse } {
  response.hijack?.();
  return { request: request.raw ?? (request as IncomingMessage), response: response.raw ?? (response as ServerResponse) };
}
