import { EventEmitter, once } from 'node:events';
import {
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  Injectable,
  type INestApplication,
  Module,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Type } from 'class-transformer';
import { IsArray, IsEnum, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import {
  PyroClass,
  PyroContext,
  PyroController,
  PyroHandshakeContext,
  PyroInspectorModule,
  type PyroInspectorOptions,
  PyroMethod,
  PyroProperty,
  PyroServer,
  type PyroServerOptions,
  UseHandshakeGuards,
} from 'nestjs-pyro';

export class Settings {
  @IsInt() @Min(1) @Max(4) binning!: number;
  @IsOptional() @IsInt() gain?: number;
}

enum Mode {
  slow = 'slow',
  fast = 'fast',
}

@PyroClass('lab.Target', { fields: { name: 'str', 'exposed?': 'bool' } })
class Target {
  name!: string;
  exposed?: boolean;
}

class Plan {
  @IsEnum(Mode) mode!: Mode;
  @ValidateNested() @Type(() => Settings) settings!: Settings;
  @IsArray() @ValidateNested({ each: true }) @Type(() => Target) targets!: Target[];
}

@Injectable()
class Refuse implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** Lets clients in whose handshake data is `secret`. */
@Injectable()
class SecretGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    handshake.setPrincipal({ name: 'anna' });
    return handshake.data === 'secret';
  }
}

@PyroController({ objectId: 'lab.camera', instanceMode: 'single' })
export class Camera {
  /** Items that the streams of all cameras have made. */
  static produced = 0;
  static openStreams = 0;
  /** Emits `ring` when a test wants a method or a stream to go on. */
  static readonly bell = new EventEmitter().setMaxListeners(0);

  private held = 2;
  private kept: Settings = { binning: 1 };
  private listed: Target[] = [];
  private chosen = Mode.slow;

  @PyroProperty()
  get gain(): number {
    return this.held;
  }

  set gain(gain: number) {
    this.held = gain;
  }

  @PyroProperty()
  get preset(): Settings {
    return this.kept;
  }

  set preset(settings: Settings) {
    this.kept = settings;
  }

  @PyroProperty({ type: [Target] })
  get targets(): Target[] {
    return this.listed;
  }

  set targets(targets: Target[]) {
    if (!targets.every((target) => target instanceof Target)) throw new TypeError('no Target');
    this.listed = targets;
  }

  @PyroProperty({ type: Mode })
  get mode(): Mode {
    return this.chosen;
  }

  set mode(mode: Mode) {
    this.chosen = mode;
  }

  @PyroMethod()
  expose(seconds: number, binning = 1): { seconds: number; binning: number; file: string } {
    return { seconds, binning, file: '/data/exposure-0001.fits' };
  }

  @PyroMethod()
  configure(settings: Settings): Settings {
    return settings;
  }

  /** @returns what the method got, with the classes of its parts */
  @PyroMethod()
  plan(plan: Plan): unknown {
    return { mode: plan.mode, binning: plan.settings.binning, targets: plan.targets };
  }

  @PyroMethod()
  aim(at: Target): string {
    return `${at.constructor.name} ${at.name} ${at.exposed}`;
  }

  @PyroMethod()
  describe(): string {
    return '<img src=x onerror="document.title=1">';
  }

  @PyroMethod()
  break(): void {
    throw new RangeError('the shutter is stuck');
  }

  @PyroMethod()
  @UseGuards(Refuse)
  park(): void {}

  /** Waits until the caller gives up. */
  @PyroMethod()
  wait(): Promise<void> {
    const { signal } = PyroContext.current()!;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  @PyroMethod()
  async ring(text: string): Promise<string> {
    await once(Camera.bell, 'ring');
    return `rung ${text}`;
  }

  @PyroMethod()
  async *rings(): AsyncGenerator<number> {
    for (let ring = 1; ; ring++) {
      await once(Camera.bell, 'ring');
      yield ring;
    }
  }

  @PyroMethod()
  async laterRings(): Promise<AsyncGenerator<number>> {
    await once(Camera.bell, 'ring');
    return this.rings();
  }

  @PyroMethod()
  *frames(): Generator<number> {
    Camera.openStreams += 1;
    try {
      for (let frame = 1; ; frame++) {
        Camera.produced += 1;
        yield frame;
      }
    } finally {
      Camera.openStreams -= 1;
    }
  }
}

@PyroController({ objectId: 'lab.mount' })
@UseHandshakeGuards(SecretGuard)
export class Mount {
  private position = 0;

  @PyroMethod()
  move(by: number): number {
    return (this.position += by);
  }
}

export type Platform = 'express' | 'fastify';

/** `http2`: Fastify with HTTP/2 without TLS. */
export type AppPlatform = Platform | 'http2';

/** A running application with an inspector. */
export class InspectedApp implements AsyncDisposable {
  private constructor(
    readonly app: INestApplication,
    readonly server: PyroServer,
    /** Of the web server: `http://127.0.0.1:port`. */
    readonly origin: string,
  ) {}

  static async start(
    options: PyroInspectorOptions,
    {
      platform = 'express',
      server: serverOptions,
      imports = [],
    }: { platform?: AppPlatform; server?: PyroServerOptions; imports?: DynamicModule[] } = {},
  ): Promise<InspectedApp> {
    @Module({ imports: [PyroInspectorModule.forRoot(options), ...imports], providers: [Camera, Mount] })
    class AppModule {}
    const quiet = { logger: false, abortOnError: false } as const;
    const app =
      platform === 'express'
        ? await NestFactory.create(AppModule, quiet)
        : await NestFactory.create(
            AppModule,
            platform === 'fastify' ? new FastifyAdapter() : new FastifyAdapter({ http2: true }),
            quiet,
          );
    const server = new PyroServer({ name: 'lab', port: 0, host: '127.0.0.1', ...serverOptions });
    app.connectMicroservice({ strategy: server });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const origin = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    return new InspectedApp(app, server, origin);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}/${path}`, { headers });
  }

  /** Sends a request as the page does. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: this.origin, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.app.close();
  }
}

/** The body of a request for a call. */
export function callOf(objectId: string, member: string, more: object = {}): object {
  return {
    session: 'one',
    server: 'lab',
    objectId,
    kind: 'method',
    member,
    args: [],
    kwargs: {},
    isLiteral: false,
    handshake: null,
    ...more,
  };
}
