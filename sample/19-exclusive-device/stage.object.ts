import { ForbiddenException, StandardSchemaValidationPipe, UseGuards, UsePipes } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  type OnPyroDisconnect,
  type PyroConnection,
  PyroContext,
  PyroController,
  PyroMethod,
  UseHandshakeGuards,
} from 'nestjs-pyro';
import { z } from 'zod';
import { HolderGuard } from './holder.guard.js';
import { StageDrive, TRAVEL_MM } from './stage.drive.js';
import { StageLease } from './stage.lease.js';
import { type Person, TokenGuard } from './token.guard.js';

const position = z.number().min(0).max(TRAVEL_MM);
const waitTime = z.number().min(0).max(3_600).default(0);
const leaseTime = z.number().min(0.1).max(600).default(30);

/** A stage that one client at a time may move. */
@PyroController({ objectId: 'example.stage', instanceMode: 'single', naming: 'snake_case' })
@UseHandshakeGuards(TokenGuard)
@UsePipes(new StandardSchemaValidationPipe())
export class Stage implements OnPyroDisconnect {
  constructor(
    private readonly drive: StageDrive,
    private readonly lease: StageLease,
  ) {}

  @PyroMethod()
  status(): Record<string, unknown> {
    const { positionMm, isParked } = this.drive;
    return { position: positionMm, parked: isParked, holder: this.lease.holder, waiting: this.lease.waiting };
  }

  /** Returns when the client holds the stage: at once, or after `waitSeconds` at most. */
  @PyroMethod({ params: ['wait_seconds?', 'lease_seconds?'] })
  async acquire(
    @Payload('wait_seconds', { schema: waitTime }) waitSeconds: number,
    @Payload('lease_seconds', { schema: leaseTime }) leaseSeconds: number,
    @Ctx() { connection, principal, signal }: PyroContext,
  ): Promise<void> {
    const { name, isOperator } = principal as Person;
    if (!isOperator) throw new ForbiddenException(`${name} is a guest: only operators, who have a token, may move the stage`);
    await this.lease.acquire({ connection, name, leaseMs: leaseSeconds * 1_000 }, waitSeconds * 1_000, signal);
  }

  @PyroMethod()
  @UseGuards(HolderGuard)
  release(): void {
    this.lease.release();
  }

  @PyroMethod()
  @UseGuards(HolderGuard)
  async moveTo(@Payload('mm', { schema: position }) mm: number, @Ctx() { connection, signal }: PyroContext): Promise<number> {
    await this.lease.during(connection, () => this.drive.moveTo(mm, signal));
    return this.drive.positionMm;
  }

  /** Runs for every client that goes away, however it went. */
  onPyroDisconnect(connection: PyroConnection): Promise<void> {
    return this.lease.revoke(connection);
  }
}
