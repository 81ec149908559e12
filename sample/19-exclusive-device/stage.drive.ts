import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

export const TRAVEL_MM = 100;
const MILLISECONDS_PER_MM = 10;

/** Stands for the motor of the stage and its controller. */
@Injectable()
export class StageDrive {
  private mm = 0;
  private parked = true;
  /** The motion that runs, and how to stop it. */
  private motion: { ended: Promise<void>; stop: AbortController } | undefined;

  get positionMm(): number {
    return this.mm;
  }

  get isParked(): boolean {
    return this.parked;
  }

  get isMoving(): boolean {
    return this.motion !== undefined;
  }

  /** @throws {Error} when another motion runs, or this one is stopped */
  async moveTo(targetMm: number, signal?: AbortSignal): Promise<void> {
    if (this.motion !== undefined) throw new Error('the stage is in motion already');
    this.parked = false;
    const stop = new AbortController();
    const stopped = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
    const ended = this.run(targetMm, stopped);
    this.motion = { ended, stop };
    try {
      await ended;
    } finally {
      this.motion = undefined;
    }
  }

  /** Stops the motion that runs, and takes the stage to where nothing can hit it. */
  async park(): Promise<void> {
    while (this.motion !== undefined) {
      this.motion.stop.abort();
      await this.motion.ended.catch(() => {});
    }
    await this.moveTo(0);
    this.parked = true;
  }

  /** The time that one millimetre takes. */
  protected async step(): Promise<void> {
    await sleep(MILLISECONDS_PER_MM);
  }

  private async run(targetMm: number, stopped: AbortSignal): Promise<void> {
    while (this.mm !== targetMm) {
      if (stopped.aborted) throw new Error(`the stage was stopped at ${this.mm} mm`);
      await this.step();
      const rest = targetMm - this.mm;
      this.mm += Math.sign(rest) * Math.min(1, Math.abs(rest));
    }
  }
}
