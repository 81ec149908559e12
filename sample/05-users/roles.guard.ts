import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { PyroContext } from 'nestjs-pyro';
import type { User } from './users.service.js';

export const Roles = Reflector.createDecorator<string[]>();

/** Asked for each call, as any guard of Nest: may they do that? */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const needed = this.reflector.getAllAndOverride(Roles, [context.getHandler(), context.getClass()]) ?? [];
    const { principal } = context.switchToRpc().getContext<PyroContext>();
    return needed.every((role) => (principal as User).roles.includes(role));
  }
}
