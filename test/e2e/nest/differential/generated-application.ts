import {
  type ExecutionContext,
  type INestApplication,
  type PipeTransform,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { PyroController, PyroMethod, PyroServer } from '../../../../lib/index.js';
import { moduleOf } from '../fixtures.js';
import {
  customParameter,
  type FACTORIES,
  filterOf,
  type FilterSpec,
  type GUARDS,
  guardOf,
  type HOOKS,
  type INTERCEPTORS,
  interceptorOf,
  type METHODS,
  type PIPES,
  pipeOf,
  runHook,
  runMethod,
  type Spec,
} from './generated-steps.js';
import { ReferenceStrategy } from './reference-strategy.js';

export interface EnhancersSpec {
  readonly guards: Spec<(typeof GUARDS)[number]>[];
  readonly interceptors: Spec<(typeof INTERCEPTORS)[number]>[];
  readonly pipes: Spec<(typeof PIPES)[number]>[];
  readonly filters: FilterSpec[];
}

export interface MethodSpec extends EnhancersSpec {
  readonly method: Spec<(typeof METHODS)[number]>;
  readonly factory: Spec<(typeof FACTORIES)[number]> | undefined;
  readonly first: EnhancersSpec['pipes'];
  readonly second: EnhancersSpec['pipes'];
}

export interface ApplicationSpec {
  readonly instanceMode: 'single' | 'session' | 'percall';
  /** `APP_*` providers. */
  readonly app: EnhancersSpec;
  /** Given to `useGlobalGuards()` and its siblings. */
  readonly global: EnhancersSpec;
  readonly controller: EnhancersSpec;
  readonly methods: MethodSpec[];
  readonly hooks: (typeof HOOKS)[number][];
}

interface Enhancers {
  guards: ReturnType<typeof guardOf>[];
  interceptors: ReturnType<typeof interceptorOf>[];
  pipes: Type<PipeTransform>[];
  filters: ReturnType<typeof filterOf>[];
}

function enhancersOf({ guards, interceptors, pipes, filters }: EnhancersSpec, level: string): Enhancers {
  return {
    guards: guards.map((spec, index) => guardOf(spec, `${level} G${index}`)),
    interceptors: interceptors.map((spec, index) => interceptorOf(spec, `${level} I${index}`)),
    pipes: pipes.map((spec, index) => pipeOf(spec, `${level} P${index}`)),
    filters: filters.map((spec, index) => filterOf(spec, `${level} F${index}`)),
  };
}

function decoratorsOf({ guards, interceptors, pipes, filters }: Enhancers): (ClassDecorator & MethodDecorator)[] {
  return [UseGuards(...guards), UseInterceptors(...interceptors), UsePipes(...pipes), UseFilters(...filters)];
}

/** A controller that both Nest and a PyroServer serve. */
function controllerOf({ instanceMode, controller, methods }: ApplicationSpec): Type {
  class Generated {}
  const prototype = Generated.prototype as Record<string, unknown>;
  for (const [index, spec] of methods.entries()) {
    const name = `method${index}`;
    const run = (...args: unknown[]): unknown => runMethod(spec.method, name, args);
    // every parameter of a Pyro method takes an argument, so a method has only decorated parameters
    const { [name]: method } = spec.factory
      ? { [name]: (first: unknown, second: unknown, third: unknown) => run(first, second, third) }
      : { [name]: (first: unknown, second: unknown) => run(first, second) };
    prototype[name] = method;
    const pipes = (given: EnhancersSpec['pipes'], at: string): Type<PipeTransform>[] =>
      given.map((each, number) => pipeOf(each, `${name} ${at} P${number}`));
    // Nest runs the pipes of parameters in the order of these decorators
    Payload('0', ...pipes(spec.first, 'first'))(prototype, name, 0);
    Payload('1', ...pipes(spec.second, 'second'))(prototype, name, 1);
    if (spec.factory) customParameter(spec.factory, `${name} third`)(...pipes(spec.first, 'third'))(prototype, name, 2);
    Reflect.defineMetadata('design:paramtypes', [String, Number, Object], prototype, name);
    const decorators = [...decoratorsOf(enhancersOf(spec, name)), PyroMethod(), MessagePattern(name)];
    for (const decorate of decorators) decorate(prototype, name, Object.getOwnPropertyDescriptor(prototype, name)!);
  }
  for (const decorate of decoratorsOf(enhancersOf(controller, 'class'))) decorate(Generated);
  PyroController('generated', { instanceMode })(Generated);
  return Generated;
}

/** An application that has a controller behind a PyroServer, and behind Nest's own pipeline. */
export interface GeneratedApplication {
  readonly app: INestApplication;
  readonly server: PyroServer;
  readonly reference: ReferenceStrategy;
}

export async function startGenerated(spec: ApplicationSpec): Promise<GeneratedApplication> {
  const app = enhancersOf(spec.app, 'app');
  const providers = [
    ...app.guards.map((useClass) => ({ provide: APP_GUARD, useClass })),
    ...app.interceptors.map((useClass) => ({ provide: APP_INTERCEPTOR, useClass })),
    ...app.pipes.map((useClass) => ({ provide: APP_PIPE, useClass })),
    ...app.filters.map((useClass) => ({ provide: APP_FILTER, useClass })),
  ];
  const nest = await NestFactory.create(moduleOf({ controllers: [controllerOf(spec)], providers }), {
    logger: false,
    abortOnError: false,
  });
  const made = enhancersOf(spec.global, 'global');
  nest.useGlobalGuards(...made.guards.map((type) => new type()));
  nest.useGlobalInterceptors(...made.interceptors.map((type) => new type()));
  nest.useGlobalPipes(...made.pipes.map((type) => new type()));
  nest.useGlobalFilters(...made.filters.map((type) => new type()));
  const reference = new ReferenceStrategy();
  const server = new PyroServer({ host: '127.0.0.1', port: 0 });
  const microservice = nest.connectMicroservice({ strategy: reference }, { inheritAppConfig: true, deferInitialization: true });
  microservice.registerPreRequestHook(
    ...spec.hooks.map(
      (how, index) => (context: ExecutionContext, next: () => Observable<unknown>) => runHook(how, `H${index}`, context, next),
    ),
  );
  nest.connectMicroservice({ strategy: server });
  await nest.init();
  await nest.startAllMicroservices();
  return { app: nest, server, reference };
}
