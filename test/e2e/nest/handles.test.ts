import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { expect, it } from 'vitest';
import { PyroController, type PyroDaemon, PyroMethod, PyroServer } from '../../../lib/index.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { PythonServer } from '../../interop/client/python-server.js';
import { closeAfter, moduleOf } from './fixtures.js';

@PyroController({ objectId: 'thing', name: 'thing' })
class Thing {
  @PyroMethod() hello(): string {
    return 'hello';
  }
  @PyroMethod() *items(): Generator<number> {
    yield* [1, 2, 3];
  }
}

/** The handles that keep the process alive. Some belong to the test runner, whose timers come and go. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Timeout|Immediate/.test(name));
}

const tcpOf = (names: string[]): string[] => names.filter((name) => name.startsWith('TCP'));

/** Waits until no TCP handle and no more handles than before are left, and returns the rest. */
async function settle(before: string[]): Promise<string[]> {
  const deadline = Date.now() + 10_000;
  let left = handles();
  while ((left.length > before.length || tcpOf(left).length > 0) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    left = handles();
  }
  return left;
}

it.each(['graceful', 'with calls and streams open', 'after garbage', 'registered', 'never registered'])(
  'app.close() leaves the event loop empty (%s)',
  async (how) => {
    const isNamed = how.endsWith('registered');
    const names = isNamed ? await PythonServer.start('nameserver') : undefined;
    closeAfter(() => names?.kill());
    if (how === 'never registered') await names?.kill();
    const before = handles();
    const server = new PyroServer({
      host: '127.0.0.1',
      idleTimeoutMs: 60_000,
      callTimeoutMs: 60_000,
      handshakeTimeoutMs: 60_000,
      nameServer: names && { host: '127.0.0.1', port: names.port },
    });
    const app: INestApplication = await NestFactory.create(moduleOf({ providers: [Thing] }), {
      logger: false,
      abortOnError: false,
    });
    app.connectMicroservice<MicroserviceOptions>({ strategy: server });
    await app.init();
    await app.startAllMicroservices();
    const { locationStr } = server.unwrap<PyroDaemon>();
    const peer = await ScriptedPeer.join(locationStr, 'thing');
    expect(await peer.call('thing', 'hello')).toBe('hello');
    const others: ScriptedPeer[] = [];
    if (how === 'with calls and streams open') {
      peer.invoke('thing', 'items');
      await peer.next();
      others.push(await ScriptedPeer.open(locationStr));
    } else if (how === 'after garbage') {
      for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'PYRO', 'PYRO\x01\xf6\x01', '']) {
        const other = await ScriptedPeer.open(locationStr);
        other.write(Buffer.from(bytes, 'latin1'));
        others.push(other);
      }
    }
    await app.close();
    for (const open of [peer, ...others]) await open.untilClosed();
    const left = await settle(before);
    expect(left.length).toBeLessThanOrEqual(before.length);
    expect(tcpOf(left)).toEqual([]);
  },
);
