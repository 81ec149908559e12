import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { PyroHandshakeContext } from 'nestjs-pyro';
import { z } from 'zod';
import { Operators } from './operators.service.js';

/** Who a client is: the principal of its connection. */
export interface Person {
  name: string;
  isOperator: boolean;
}

const handshakeData = z.object({ name: z.string().min(1).max(40), token: z.string().max(200).nullish() });

/** Lets guests in by their name, and operators by their name and token. A wrong token is refused: its owner would be surprised to be a guest. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly operators: Operators) {}

  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    const { success, data } = handshakeData.safeParse(handshake.data);
    if (!success) throw new UnauthorizedException('say who you are: _pyroHandshake = {"name": ..., "token": ...}');
    const isOperator = typeof data.token === 'string';
    if (isOperator && !this.operators.hasToken(data.name, data.token!)) {
      throw new UnauthorizedException(`wrong token of ${data.name}`);
    }
    const person: Person = { name: data.name, isOperator };
    // a guest may have the name of an operator: the key keeps the two apart
    handshake.setPrincipal(person, `${isOperator ? 'operator' : 'guest'} ${data.name}`);
    return true;
  }
}
