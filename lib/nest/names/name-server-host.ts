import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { NAME_SERVER_RULES, PyroNameServer, type PyroNameServerOptions } from '../../name-server/name-server.js';
import { checkOptions, type OptionRules } from '../../options/option-checks.js';
import { asError } from '../../protocol/texts/safe-text.js';
import { printable, printableMessage, printableStack } from '../../reports/printable.js';
import { RepeatedLines } from '../../reports/repeated-lines.js';
import { warnIfItFails } from '../../reports/warning.js';
import { emittedFailure } from '../errors/failures.js';
import { HandshakeRunner } from '../handshake/handshake-runner.js';
import { GUARDS, type HandshakeGuard } from '../metadata/controller-metadata.js';
import { containerOf, rootModuleOf } from '../nest-internals.js';

/** Options of the name server of an application. */
export interface PyroNameServerModuleOptions extends Omit<PyroNameServerOptions, 'validateHandshake'> {
  /** Guards that decide who may connect to the name server. Default none: everybody. */
  handshakeGuards?: readonly HandshakeGuard[];
}

/** Token of the options of the name server. */
export const NAME_SERVER_OPTIONS_TOKEN = Symbol('PyroNameServerModule options');

const { validateHandshake: _, ...OWN_RULES } = NAME_SERVER_RULES;
const RULES: OptionRules<PyroNameServerModuleOptions> = { ...OWN_RULES, handshakeGuards: GUARDS };

/**
 * The name server of an application. It starts before the application's servers, which may register their names there, and ends after
 * they have removed them.
 */
@Injectable()
export class PyroNameServerHost implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('PyroNameServer');
  private readonly lines = new RepeatedLines<'log' | 'error'>((level, text) => this.write(level, text));
  private starting: Promise<void> | undefined;
  private running: PyroNameServer | undefined;

  constructor(
    @Inject(NAME_SERVER_OPTIONS_TOKEN) private readonly options: PyroNameServerModuleOptions,
    private readonly modules: ModulesContainer,
    private readonly contexts: ExternalContextCreator,
  ) {
    checkOptions(options, RULES, 'PyroNameServerModule: ');
  }

  /** @throws {Error} before the application is initialized */
  get server(): PyroNameServer {
    if (this.running === undefined) throw new Error('the name server runs from app.init() to app.close()');
    return this.running;
  }

  /** Called by Nest: starts the name server. */
  onModuleInit(): Promise<void> {
    return (this.starting = this.start());
  }

  /** Called by Nest: closes the name server. An application may be closed while it starts. */
  async onApplicationShutdown(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.running?.close();
    this.lines.endAll();
    this.running = undefined;
  }

  private async start(): Promise<void> {
    const { handshakeGuards = [], ...options } = this.options;
    const runner = handshakeGuards.length === 0 ? undefined : await this.guardsOf(handshakeGuards);
    const server = await PyroNameServer.start({
      ...options,
      ...(runner && { validateHandshake: (request) => runner.run(request) }),
    });
    this.running = server;
    server.on('cleaned', (name, uri) =>
      this.lines.print({ level: 'log', what: 'removed names' }, () =>
        this.write('log', `removed the name "${printable(name)}": ${printable(uri)} cannot be reached any more`),
      ),
    );
    server.on('error', (error) =>
      this.lines.print({ level: 'error', what: 'failures of the store' }, () =>
        this.write('error', `the store failed: ${printableMessage(error)}`),
      ),
    );
    server.daemon.on('error', (error) => this.logError(error));
    this.write(
      'log',
      `Name server at ${server.uri}${server.broadcastLocation ? `, answers broadcasts at ${server.broadcastLocation}` : ''}`,
    );
  }

  /** The text of an error may come from a client: a guard that reads handshake data throws it. */
  private logError(thrown: unknown): void {
    const error = asError(thrown);
    this.lines.print({ level: 'error', what: 'errors' }, () =>
      this.write('error', printableMessage(error), printableStack(error)),
    );
  }

  /** The error of a logger must not reach the name server, whose errors are logged. */
  private write(level: 'log' | 'error', text: string, ...stack: string[]): void {
    warnIfItFails(() => this.logger[level](text, ...stack));
  }

  private guardsOf(guards: readonly HandshakeGuard[]): Promise<HandshakeRunner> {
    const onFailure = (what: string, error: unknown): void => this.logError(emittedFailure(what, error));
    return HandshakeRunner.create(PyroNameServer, guards, rootModuleOf(this.modules), containerOf(this.contexts), onFailure);
  }
}
