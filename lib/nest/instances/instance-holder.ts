import type { ContextId } from '@nestjs/core';
import type { Pipeline } from '../pipeline/pyro-context-creator.js';
import type { Operation } from '../definition/object-definition.js';

/** One instance of a Pyro object and what belongs to it. */
export class InstanceHolder {
  /** Pipelines around this very instance, made at first use; only where all enhancers are static. */
  readonly pipelines = new Map<Operation, Pipeline>();
  /** Its `onPyroHousekeeping`, while that runs. */
  housekeeping: Promise<void> | undefined;

  /** @param contextId context that the instance and its own dependencies were made in; undefined: Nest made and keeps it */
  constructor(
    readonly instance: object,
    readonly contextId: ContextId | undefined,
  ) {}
}
