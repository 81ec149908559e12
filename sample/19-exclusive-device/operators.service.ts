import { Injectable } from '@nestjs/common';

/** Knows the tokens of the operators. A real application asks a directory. */
@Injectable()
export class Operators {
  private readonly tokens = new Map([
    ['Ann', 'token-of-ann'],
    ['Bob', 'token-of-bob'],
  ]);

  hasToken(name: string, token: string): boolean {
    return this.tokens.get(name) === token;
  }
}
