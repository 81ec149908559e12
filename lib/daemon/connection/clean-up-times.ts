import { captureContext } from '../../calls/async-context.js';
import { type TimeLimit, Watchdog } from '../../calls/watchdog.js';
import { DaemonError } from '../../protocol/errors.js';
import type { CleanUps } from '../contract/clean-ups.js';
import type { PyroConnection } from '../contract/connection.js';
import type { EventReporter } from '../options/daemon-events.js';
import type { AbandonedConnections } from './abandoned-connections.js';
import type { RemoteAddress } from './remote-addresses.js';
import { SessionConnection } from './session-connection.js';

/** Longest that a daemon waits for one clean-up of the application. */
export const CLEAN_UP_MS = 5_000;

/** A clean-up that is not waited for any more. */
interface HungCleanUp {
  readonly address: RemoteAddress | undefined;
}

/**
 * Waits for clean-ups of the application for {@link CLEAN_UP_MS}. A clean-up that takes longer is hung: it counts as an abandoned connection
 * until it has ended, or was collected by V8. While there are as many of these as there may be, clean-ups are waited for until they end. So
 * calls whose clean-ups hang go on to count as running.
 */
export class CleanUpTimes implements CleanUps {
  private readonly limits = new Watchdog();
  /** The context of the daemon. Without it a report would run in the async context of the call that started the timer. */
  private readonly inContext = captureContext();
  private readonly collected = new FinalizationRegistry<HungCleanUp>(({ address }) => this.abandoned.end(address));

  constructor(
    private readonly abandoned: AbandonedConnections,
    private readonly reporter: EventReporter,
  ) {}

  wait(cleanUp: Promise<unknown>, what: string, connection: PyroConnection | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const running = new RunningCleanUp(cleanUp, what, connection, () => this.expired(running, () => resolve(false)));
      this.inContext(() => this.limits.watch(running));
      cleanUp.then(
        () => {
          this.end(running);
          resolve(true);
        },
        (error: unknown) => {
          this.end(running);
          if (running.hung) this.reporter.error(error);
          else reject(error as Error);
        },
      );
    });
  }

  private expired(running: RunningCleanUp, giveUp: () => void): void {
    const { address } = running;
    if (!running.isReported) this.reporter.error(running.tooLong());
    running.isReported = true;
    if (this.abandoned.isFullFor(address)) {
      running.restart();
      this.limits.watch(running);
      return;
    }
    const hung = { address };
    running.hung = hung;
    this.abandoned.add(address);
    this.collected.register(running.cleanUp!, hung, hung);
    // now nothing of the daemon holds the promise
    running.cleanUp = undefined;
    giveUp();
  }

  private end(running: RunningCleanUp): void {
    this.limits.forget(running);
    if (running.hung && this.collected.unregister(running.hung)) this.abandoned.end(running.address);
  }
}

/** A clean-up and its time limit. */
class RunningCleanUp implements TimeLimit {
  readonly timeoutMs = CLEAN_UP_MS;
  endsAt = performance.now() + CLEAN_UP_MS;
  isLate = false;
  isReported = false;
  /** Set once nobody waits any more. */
  hung: HungCleanUp | undefined;
  readonly address: RemoteAddress | undefined;

  constructor(
    /** Undefined once nobody waits any more. */
    public cleanUp: Promise<unknown> | undefined,
    private readonly what: string,
    private readonly connection: PyroConnection | undefined,
    readonly expire: () => void,
  ) {
    if (connection instanceof SessionConnection) this.address = connection.address;
  }

  restart(): void {
    this.endsAt = performance.now() + CLEAN_UP_MS;
    this.isLate = false;
  }

  tooLong(): DaemonError {
    const { what, connection } = this;
    const whose = connection ? ` for ${connection.remoteAddress} #${connection.id}` : '';
    return new DaemonError(
      `${what}${whose} takes longer than ${CLEAN_UP_MS} ms: end it sooner, or do its work without awaiting it`,
    );
  }
}
