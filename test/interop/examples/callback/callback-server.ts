import { setTimeout as sleep } from 'node:timers/promises';
import { Ctx } from '@nestjs/microservices';
import {
  expose,
  type PyroDaemon,
  PyroContext,
  PyroController,
  PyroMethod,
  PyroRemoteError,
  type RemoteObject,
} from 'nestjs-pyro';
import { oneway } from 'nestjs-pyro/core';
import { ServerConsole } from '../stage.js';

interface CallbackHandler {
  done(number: number): void;
}

/** Lives from `addworker` until its work is done. */
class Worker {
  constructor(
    private readonly number: number,
    private readonly callback: RemoteObject<CallbackHandler>,
    private readonly daemon: PyroDaemon,
    private readonly console: ServerConsole,
  ) {}

  async work(seconds: number): Promise<void> {
    this.console.log(`Worker ${this.number} busy...`);
    await sleep(seconds * 1_000);
    this.console.log(`Worker ${this.number} done. Informing callback client.`);
    this.daemon.unregister(this);
    await this.callback.done(this.number);
  }
}
expose(Worker, 'work');
oneway(Worker, 'work');

@PyroController({ name: 'example.callback' })
export class CallbackServer {
  private number = 0;

  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  addworker(callback: RemoteObject<CallbackHandler>, @Ctx() { daemon }: PyroContext): Worker {
    const worker = new Worker(++this.number, callback, daemon, this.console);
    daemon.register(worker);
    return worker;
  }
}

interface CrashingHandler {
  call1(): void;
  call2(): void;
}

/** The server of the second pair of scripts. */
@PyroController({ name: 'example.callback2' })
export class CallbackServer2 {
  constructor(private readonly console: ServerConsole) {}

  @PyroMethod({ oneway: true })
  async doCallback(callback: RemoteObject<CrashingHandler>): Promise<void> {
    for (const call of ['call1', 'call2'] as const) {
      this.console.log(`server: doing ${call} to client`);
      try {
        await callback[call]();
      } catch (error) {
        if (!(error instanceof PyroRemoteError)) throw error;
        this.console.log('got an exception from the callback:', error.stack);
      }
    }
    this.console.log('server: callbacks done.');
  }
}
