import { Inject, Injectable, Scope } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, REQUEST } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { PyroController, PyroMethod } from '../../../lib/index.js';
import { serve } from './fixtures.js';

@Injectable({ scope: Scope.REQUEST })
class Repository {
  constructor(@Inject(REQUEST) readonly request: object) {}
}

abstract class Resolving {
  constructor(
    @Inject(ModuleRef) private readonly ref: ModuleRef,
    @Inject(REQUEST) private readonly request: object,
    @Inject(Repository) private readonly repository: Repository,
  ) {}

  /** Whether the found provider is that of the object, and has its request. */
  @PyroMethod() async find(): Promise<boolean[]> {
    await Promise.resolve();
    const found = await this.ref.resolve(Repository, ContextIdFactory.getByRequest(this.request as never));
    return [found === this.repository, found.request === this.request];
  }
}

describe('ContextIdFactory.getByRequest(request)', () => {
  it.each(['percall', 'session', 'single'] as const)(
    'ContextIdFactory.getByRequest(request) is the context of the object, also of several: %s',
    async (instanceMode) => {
      @PyroController({ objectId: 'one', instanceMode })
      class One extends Resolving {}
      @PyroController({ objectId: 'two', instanceMode })
      class Two extends Resolving {}
      const { join } = await serve({ providers: [One, Two, Repository] });
      const peer = await join('one');
      for (const id of ['one', 'two', 'one']) expect(await peer.call(id, 'find')).toEqual([true, true]);
      const other = await join('two');
      for (const id of ['one', 'two']) expect(await other.call(id, 'find')).toEqual([true, true]);
    },
  );
});
