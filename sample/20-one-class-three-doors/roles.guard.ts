import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { personOf } from './person.js';

export const Roles = Reflector.createDecorator<string[]>();

/** Asked for each call, by Pyro, REST or MCP. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const person = personOf(context);
    if (person === undefined) throw new UnauthorizedException('unknown client');
    const missing = (this.reflector.get(Roles, context.getHandler()) ?? []).filter((role) => !person.roles.includes(role));
    if (missing.length > 0) throw new ForbiddenException(`${person.name} lacks the role ${missing.join(', ')}`);
    return true;
  }
}
