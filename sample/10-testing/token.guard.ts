import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { PyroHandshakeContext } from 'nestjs-pyro';

@Injectable()
export class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return PyroHandshakeContext.from(context).data === 'let me in';
  }
}
