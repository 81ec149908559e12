import type { ContextId } from '@nestjs/core';

/** The holder of an instance of a Pyro object. */
export class InstanceHolder {
  /** The run of `onPyroHousekeeping` that has not ended yet. */
  housekeeping: Promise<void> | undefined;

  /**
   * @param origin the context in which the instance and its dependencies were made; `direct` when only the instance was made; `nest` when
   * Nest made the instance and keeps it
   */
  constructor(
    readonly instance: object,
    readonly origin: ContextId | 'direct' | 'nest',
  ) {}

  /** The context in which the instance and its dependencies were made, if there is one. */
  get contextId(): ContextId | undefined {
    return typeof this.origin === 'object' ? this.origin : undefined;
  }
}
