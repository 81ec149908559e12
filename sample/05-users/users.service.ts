import { Injectable } from '@nestjs/common';

export interface User {
  name: string;
  roles: string[];
}

/** Where users come from: a directory in earnest, three lines here. */
@Injectable()
export class UsersService {
  private readonly byTokens = new Map<string, User>([
    ['token-of-ann', { name: 'Ann', roles: ['operator'] }],
    ['token-of-bob', { name: 'Bob', roles: [] }],
  ]);

  async byToken(token: string): Promise<User | undefined> {
    return this.byTokens.get(token);
  }
}
