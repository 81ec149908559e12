import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import {
  PyroContext,
  PyroController,
  type PyroDaemon,
  PyroException,
  PyroHandshakeContext,
  PyroKwargs,
  PyroMethod,
  PyroProperty,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { ensurePythonEnv } from '../../interop/python-env.js';
import { serve } from './fixtures.js';

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    if (handshake.data === 'empty') throw new UnauthorizedException('a token is needed');
    if (handshake.data !== 'token') return false;
    handshake.setPrincipal('ann');
    handshake.setResponse({ welcome: 'ann' });
    return true;
  }
}

@PyroController({ objectId: 'example.warehouse', naming: 'snake_case' })
class Warehouse {
  private items = ['chair', 'bike'];

  @PyroMethod() list(): string[] {
    return this.items;
  }
  @PyroMethod() takeItem(person: string, itemName = 'chair', @Ctx() ctx?: PyroContext): unknown {
    if (!this.items.includes(itemName))
      throw new PyroException('builtins.ValueError', ['no such item', itemName], { attributes: { item: itemName } });
    this.items = this.items.filter((item) => item !== itemName);
    return { person, item: itemName, call: ctx?.method };
  }
  @PyroMethod('__len__') size(): number {
    return this.items.length;
  }
  @PyroMethod() async *history(): AsyncGenerator<number> {
    yield 1;
    yield 2;
    yield 3;
  }
  @PyroMethod() options(@PyroKwargs() options: Record<string, unknown>): unknown {
    return options;
  }
  @PyroProperty() get capacity(): number {
    return this.items.length * 10;
  }
  set capacity(value: number) {
    this.items = Array.from({ length: value / 10 }, (_, index) => `item${index}`);
  }
}

@PyroController('example.guarded')
@UseHandshakeGuards(TokenGuard)
class Guarded {
  @PyroMethod() who(@Ctx() ctx: PyroContext): unknown {
    return ctx.principal;
  }
}

it('a Nest application serves Python’s own client', async () => {
  const { server } = await serve({ providers: [Warehouse, Guarded] });
  const checks = fileURLToPath(new URL('python_client.py', import.meta.url));
  const env = { ...process.env, CHECKED_LOCATION: server.unwrap<PyroDaemon>().locationStr, PYTHONDONTWRITEBYTECODE: '1' };
  const python = await ensurePythonEnv();
  const output = await new Promise<string>((resolve) => {
    execFile(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--tb=short', checks], { env }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  // the output tells a developer which check failed
  expect(output).toMatch(/^\d+ passed in /m);
});
