import { behavior, currentContext, expose, PyroDaemon, type PyroUri } from 'nestjs-pyro/core';
import type { ServerConsole } from '../stage.js';

const CALLS_UNTIL_RESTART = 2;
const CONNECTIONS_OF_A_CLIENT = 2;
const OBJECT_ID = 'example.autoreconnect_fixed_objectid';

/**
 * Restarts on the same port, with the same object id, after the second call of a client. Each client has to reconnect once: its
 * second connection causes no restart, so the next client always finds a server that listens.
 */
export class RestartingServer implements AsyncDisposable {
  /** Calls of each connection that has made one, the oldest connection first. */
  private readonly calls: { connection: object; count: number }[] = [];
  private daemon!: PyroDaemon;
  private restarting: Promise<void> = Promise.resolve();

  private constructor(private readonly console: ServerConsole) {}

  static async start(console: ServerConsole): Promise<RestartingServer> {
    const server = new RestartingServer(console);
    await server.listen(0);
    return server;
  }

  get uri(): PyroUri {
    return this.daemon.uriFor(OBJECT_ID);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.restarting;
    await this.daemon.close();
  }

  private async listen(port: number): Promise<void> {
    this.daemon = await PyroDaemon.listen({ host: '127.0.0.1', port });
    this.daemon.register(new TestClass((arg) => this.called(arg)), OBJECT_ID);
  }

  private called(arg: number): void {
    this.console.log(`Method called with ${arg}`);
    const { connection } = currentContext()!;
    let calling = this.calls.find((known) => known.connection === connection);
    if (calling === undefined) this.calls.push((calling = { connection, count: 0 }));
    calling.count++;
    const isFirstOfClient = this.calls.indexOf(calling) % CONNECTIONS_OF_A_CLIENT === 0;
    if (isFirstOfClient && calling.count === CALLS_UNTIL_RESTART) this.restarting = this.restart();
  }

  private async restart(): Promise<void> {
    const { port } = this.uri;
    // the running call ends first
    await this.daemon.shutdown();
    this.console.log('server stopped');
    await this.listen(port!);
  }
}

class TestClass {
  constructor(private readonly called: (arg: number) => void) {}

  method(arg: number): void {
    this.called(arg);
  }
}
behavior({ instanceMode: 'single' })(TestClass);
expose(TestClass);
