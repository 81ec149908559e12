import {
  ConflictException,
  ForbiddenException,
  Injectable,
  Logger,
  RequestTimeoutException,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { PyroConnection } from 'nestjs-pyro';
import { StageDrive } from './stage.drive.js';

const MAX_WAITING = 20;

/** A client that wants the stage. */
export interface Claim {
  connection: PyroConnection;
  name: string;
  /** So long the holder may leave the stage alone. */
  leaseMs: number;
}

interface Waiter {
  claim: Claim;
  grant: () => void;
  refuse: (error: Error) => void;
}

type State =
  | { is: 'free' }
  | { is: 'held'; claim: Claim; timer: NodeJS.Timeout }
  | { is: 'parking'; former: Claim }
  /** The stage could not be parked: nobody gets it. */
  | { is: 'failed'; reason: string };

/** Who may move the stage, and who waits for it. */
@Injectable()
export class StageLease {
  private readonly logger = new Logger(StageLease.name);
  private readonly waiters: Waiter[] = [];
  private state: State = { is: 'free' };

  constructor(private readonly drive: StageDrive) {}

  get holder(): string | undefined {
    return this.state.is === 'held' ? this.state.claim.name : undefined;
  }

  get waiting(): string[] {
    return this.waiters.map(({ claim }) => claim.name);
  }

  /**
   * Resolves when the claim is the holder's. The holder itself begins a new lease.
   *
   * @param signal takes the claim out of the queue
   */
  async acquire(claim: Claim, waitMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.state.is === 'failed') throw new ServiceUnavailableException(this.describe());
    if (this.state.is === 'free' || this.isHolder(claim.connection)) return this.hold(claim);
    if (this.waiters.some((waiter) => waiter.claim.connection === claim.connection)) {
      throw new ConflictException(`${claim.name} waits already`);
    }
    if (this.waiters.length >= MAX_WAITING) throw new ServiceUnavailableException(`${MAX_WAITING} clients wait already`);
    await this.turnOf(claim, waitMs, signal);
  }

  /** @throws {ForbiddenException} when another connection has the lease, or nobody */
  claimOf(connection: PyroConnection): Claim {
    if (this.state.is === 'held' && this.isHolder(connection)) return this.state.claim;
    throw new ForbiddenException(`${this.describe()}; call acquire() first`);
  }

  /** Does some work of the holder. The lease does not end meanwhile. Its time begins again after the work. */
  async during(connection: PyroConnection, work: () => Promise<void>): Promise<void> {
    this.claimOf(connection);
    this.stopTimer();
    try {
      await work();
    } finally {
      // the holder may have begun another lease meanwhile
      if (this.isHolder(connection)) this.hold(this.claimOf(connection));
    }
  }

  /** The holder is done: the stage stays where it is. @throws {ConflictException} while it moves */
  release(): void {
    if (this.drive.isMoving) throw new ConflictException('the stage is in motion');
    this.stopTimer();
    this.next();
  }

  /** The client has gone away, or its lease is over. Parks the stage if the client holds it. */
  async revoke(connection: PyroConnection): Promise<void> {
    if (this.state.is !== 'held' || !this.isHolder(connection)) return;
    this.stopTimer();
    this.state = { is: 'parking', former: this.state.claim };
    try {
      await this.drive.park();
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.next();
  }

  private hold(claim: Claim): void {
    this.stopTimer();
    // a stage that moves is in use
    const end = (): void => (this.drive.isMoving ? this.hold(claim) : void this.revoke(claim.connection));
    const timer = setTimeout(end, claim.leaseMs);
    this.state = { is: 'held', claim, timer };
  }

  private stopTimer(): void {
    if (this.state.is === 'held') clearTimeout(this.state.timer);
  }

  /** Gives the stage to the client that has waited longest. */
  private next(): void {
    const waiter = this.waiters.shift();
    if (waiter === undefined) {
      this.state = { is: 'free' };
      return;
    }
    this.hold(waiter.claim);
    waiter.grant();
  }

  private fail({ message }: Error): void {
    this.state = { is: 'failed', reason: message };
    this.logger.error(this.describe());
    for (const { refuse } of this.waiters.splice(0)) refuse(new ServiceUnavailableException(this.describe()));
  }

  private turnOf(claim: Claim, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (error: Error): void => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        waiter.refuse(error);
      };
      const onGone = (): void => leave(new Error(`${claim.name} waits no longer`));
      const timer = setTimeout(() => leave(new RequestTimeoutException(this.describe())), waitMs);
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onGone);
      };
      const waiter: Waiter = {
        claim,
        grant: () => {
          settle();
          resolve();
        },
        refuse: (error) => {
          settle();
          reject(error);
        },
      };
      this.waiters.push(waiter);
      signal.addEventListener('abort', onGone);
    });
  }

  private isHolder(connection: PyroConnection): boolean {
    return this.state.is === 'held' && this.state.claim.connection === connection;
  }

  private describe(): string {
    switch (this.state.is) {
      case 'free':
        return 'nobody holds the stage';
      case 'held':
        return `${this.state.claim.name} holds the stage`;
      case 'parking':
        return `the stage is being parked, since ${this.state.former.name} has left it`;
      case 'failed':
        return `the stage could not be parked: ${this.state.reason}`;
    }
  }
}
