import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { PyroHandshakeContext } from 'nestjs-pyro';
import { People, type Person } from './people.service.js';
import type { HttpRequest } from './person.js';

/** Asked when a client comes in: for each HTTP request, those of MCP included, and for each connection of Pyro. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly people: People) {}

  canActivate(context: ExecutionContext): boolean {
    switch (context.getType<string>()) {
      case 'http': {
        const request = context.switchToHttp().getRequest<HttpRequest>();
        request.user = this.personWith(request.headers.authorization?.replace(/^Bearer /, ''));
        return true;
      }
      case 'pyro-handshake': {
        const handshake = PyroHandshakeContext.from(context);
        const person = this.personWith(handshake.data);
        handshake.setPrincipal(person, person.name);
        return true;
      }
      default:
        // a call of Pyro or MCP: its connection or request has been asked already, and the roles guard finds the person
        return true;
    }
  }

  private personWith(token: unknown): Person {
    const person = this.people.byToken(token);
    if (person === undefined) throw new UnauthorizedException('unknown token');
    return person;
  }
}
