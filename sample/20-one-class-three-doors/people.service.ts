import { Injectable } from '@nestjs/common';

export interface Person {
  name: string;
  roles: string[];
}

/** Knows who a token belongs to. A real application asks a directory. */
@Injectable()
export class People {
  private readonly byTokens = new Map<string, Person>([
    ['token-of-ann', { name: 'Ann', roles: ['operator'] }],
    ['token-of-bob', { name: 'Bob', roles: [] }],
  ]);

  byToken(token: unknown): Person | undefined {
    return typeof token === 'string' ? this.byTokens.get(token) : undefined;
  }
}
