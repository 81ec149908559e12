import { behavior, expose, PyroDaemon, type PyroUri } from 'nestjs-pyro/core';
import type { ServerConsole } from '../stage.js';

const CALLS_UNTIL_RESTART = 2;
const OBJECT_ID = 'example.autoreconnect_fixed_objectid';

/** Restarts on the same port, with the same object id, after every second call. The client has to reconnect each time. */
export class RestartingServer implements AsyncDisposable {
  private calls = 0;
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
    if (++this.calls % CALLS_UNTIL_RESTART === 0) this.restarting = this.restart();
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
