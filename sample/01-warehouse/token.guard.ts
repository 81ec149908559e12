import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { PyroHandshakeContext } from 'nestjs-pyro';

const people = new Map([
  ['token-of-ann', 'Ann'],
  ['token-of-bob', 'Bob'],
]);

/** Lets a connection in by the token in its handshake data (`proxy._pyroHandshake` in Python). */
@Injectable()
export class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    const person = typeof handshake.data === 'string' ? people.get(handshake.data) : undefined;
    if (person === undefined) return false;
    handshake.setPrincipal(person);
    handshake.setResponse({ welcome: person });
    return true;
  }
}
