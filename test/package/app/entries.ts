// Names of each entry, for tests that compile with other versions of TypeScript.
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import {
  kwargs,
  PyroClass,
  PyroContext,
  PyroController,
  PyroHandshakeContext,
  PyroKwargs,
  PyroMethod,
  PyroProperty,
  PyroServer,
  type RemoteObject,
  UseHandshakeGuards,
} from 'nestjs-pyro';
import { expose, PyroDaemon, PyroProxy } from 'nestjs-pyro/core';
import { dumps, loads } from 'nestjs-pyro/serpent';
import { connectInMemory } from 'nestjs-pyro/testing';

interface Camera {
  gain: number;
  expose(seconds: number, binning?: number): Buffer;
  frames(): Iterator<number>;
}

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    handshake.setPrincipal('ann');
    return handshake.data === 'token';
  }
}

@PyroClass('lab.Point', { fields: { x: 'float', y: 'float' } })
class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

@PyroController({ objectId: 'lab.oven', instanceMode: 'single', naming: 'snake_case' })
@UseHandshakeGuards(TokenGuard)
export class Oven {
  private target = 20;

  @PyroProperty()
  get targetCelsius(): number {
    return this.target;
  }

  set targetCelsius(celsius: number) {
    this.target = celsius;
  }

  @PyroMethod()
  heatTo(celsius: number, @Ctx() context: PyroContext): string {
    return `${String(context.principal)} ${celsius}`;
  }

  @PyroMethod()
  search(text: string, @PyroKwargs() filters: Record<string, unknown>): string {
    return text + JSON.stringify(filters);
  }

  @PyroMethod()
  mirror(point: Point): Point {
    return new Point(-point.x, point.y);
  }
}

export async function useCamera(camera: RemoteObject<Camera>): Promise<number> {
  const frame = await camera.expose(0.5, kwargs({ binning: 2 }));
  for await (const number of await camera.frames()) return number + frame.length;
  await camera.$set('gain', 3);
  return camera.$get('gain');
}

class Lamp {
  read(factor = 1): number {
    return factor;
  }
}
expose(Lamp, 'read');

export async function useCore(): Promise<number> {
  const server = new PyroServer({ listen: false });
  await using oven = await connectInMemory<{ heat_to(celsius: number): string }>(server, 'lab.oven', { handshake: 'token' });
  const told: string = await oven.heat_to(3);
  await using daemon = await PyroDaemon.listen({ port: 0 });
  await using lamp = await PyroProxy.connect<Lamp>(daemon.register(new Lamp(), 'lab.lamp'));
  return (await lamp.read(4)) + told.length + Number(loads(dumps(1)));
}
