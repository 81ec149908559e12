import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { PyroContext } from 'nestjs-pyro';
import { StageLease } from './stage.lease.js';

/** Lets a call pass if its connection has the lease. The error of the lease says who has it. */
@Injectable()
export class HolderGuard implements CanActivate {
  constructor(private readonly lease: StageLease) {}

  canActivate(context: ExecutionContext): boolean {
    this.lease.claimOf(context.switchToRpc().getContext<PyroContext>().connection);
    return true;
  }
}
