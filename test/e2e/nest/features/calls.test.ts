import { Readable } from 'node:stream';
import { type CanActivate, type ExecutionContext, HttpException, HttpStatus, Injectable } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { type PyroContext, PyroController, PyroMethod } from '../../../../lib/index.js';
import { openStream, readStream, serve } from '../fixtures.js';

/** Limits the calls of each connection. */
@Injectable()
class ThrottlerGuard implements CanActivate {
  private readonly calls = new Map<string, number>();
  canActivate(context: ExecutionContext): boolean {
    const { connection } = context.switchToRpc().getContext<PyroContext>();
    const count = (this.calls.get(String(connection.id)) ?? 0) + 1;
    this.calls.set(String(connection.id), count);
    if (count > 2) throw new HttpException('Too Many Requests', HttpStatus.TOO_MANY_REQUESTS);
    return true;
  }
}

@PyroController({ objectId: 'popular', instanceMode: 'single' })
class Popular {
  @PyroMethod() call(): string {
    return 'answered';
  }
}

it('a global guard limits the calls of each connection', async () => {
  const { join } = await serve({ providers: [Popular, { provide: APP_GUARD, useClass: ThrottlerGuard }] });
  const [eager, other] = [await join('popular'), await join('popular')];
  await eager.call('popular', 'call');
  await eager.call('popular', 'call');
  const failure = await eager.fail('popular', 'call');
  expect(failure.message).toContain('Too Many Requests');
  expect(await other.call('popular', 'call')).toBe('answered');
});

@PyroController({ objectId: 'files', instanceMode: 'single' })
class Files {
  @PyroMethod() download(): Readable {
    return Readable.from([Buffer.from('first'), Buffer.from('second')]);
  }
  @PyroMethod() upload(name: string, content: Buffer): string {
    return `${name}: ${content.toString()}`;
  }
}

describe('files', () => {
  it('an object sends a file as a Readable, chunk by chunk', async () => {
    const { join } = await serve({ providers: [Files] });
    const peer = await join('files');
    const chunks = await readStream(peer, await openStream(peer, 'files', 'download'));
    expect(chunks).toEqual([Buffer.from('first'), Buffer.from('second')]);
  });

  it('an object receives a file as bytes', async () => {
    const { join } = await serve({ providers: [Files] });
    const peer = await join('files');
    expect(await peer.call('files', 'upload', 'a.txt', Buffer.from('text'))).toBe('a.txt: text');
  });
});

/** Each version of an object is an object with its own id. */
@PyroController({ objectId: 'cats', instanceMode: 'single' })
class Cats {
  @PyroMethod() find(): string {
    return 'first version';
  }
  @PyroMethod() count(): number {
    return 1;
  }
}
@PyroController({ objectId: 'cats.v2', instanceMode: 'single' })
class NewCats extends Cats {
  @PyroMethod() override find(): string {
    return 'second version';
  }
}

it('a server serves two versions of an object under different ids', async () => {
  const { join } = await serve({ providers: [Cats, NewCats] });
  const peer = await join('cats');
  expect([await peer.call('cats', 'find'), await peer.call('cats.v2', 'find'), await peer.call('cats.v2', 'count')]).toEqual([
    'first version',
    'second version',
    1,
  ]);
});
