import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { PyroHandshakeContext } from 'nestjs-pyro';
import { UsersService } from './users.service.js';

/** Asked once for each connection, before anything else: who is it? */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly users: UsersService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handshake = PyroHandshakeContext.from(context);
    const { data } = handshake;
    const user = typeof data === 'string' ? await this.users.byToken(data) : undefined;
    if (!user) throw new UnauthorizedException('unknown token');
    handshake.setPrincipal(user);
    handshake.setResponse({ welcome: user.name });
    return true;
  }
}
