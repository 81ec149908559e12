import { Logger, type ModuleMetadata, ParseIntPipe, type PipeTransform, Scope, UsePipes, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from 'vitest';
import { PyroController, PyroKwargs, PyroMethod, PyroProperty } from '../../../lib/index.js';
import { callWith, joinServer, serve, serveBy, type ServeOptions } from './fixtures.js';

class Programme {
  @IsInt() minutes!: number;
}

let warned: MockInstance<Logger['warn']>;
beforeEach(() => {
  warned = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  warned.mockRestore();
});

/** Takes away what a compiler without `emitDecoratorMetadata` does not emit. */
function withoutTypes(type: { prototype: object }): void {
  for (const key of Object.getOwnPropertyNames(type.prototype)) Reflect.deleteMetadata('design:paramtypes', type.prototype, key);
}

const warnings = (): string[] =>
  warned.mock.calls.map(([text]) => String(text)).filter((text) => text.startsWith('the ValidationPipe of'));

async function warningsOf(metadata: ModuleMetadata, options: ServeOptions = {}): Promise<string[]> {
  await serveBy('hybrid', metadata, options);
  return warnings();
}

const pipe = new ValidationPipe();
class OwnPipe extends ValidationPipe {}

it('the start warns of arguments that a ValidationPipe lets pass because their types were not emitted', async () => {
  @PyroController('oven')
  @UsePipes(ValidationPipe)
  class Oven {
    private last = new Programme();
    @PyroMethod() load(programme: Programme): unknown {
      return programme;
    }
    @PyroMethod() find(@PyroKwargs() options: Programme): unknown {
      return options;
    }
    @PyroMethod() status(): string {
      return 'cold';
    }
    get programme(): Programme {
      return this.last;
    }
    set programme(programme: Programme) {
      this.last = programme;
    }
  }
  withoutTypes(Oven);
  PyroProperty()(Oven.prototype, 'programme', Object.getOwnPropertyDescriptor(Oven.prototype, 'programme')!);
  const { server } = await serve({ providers: [Oven] });
  expect(warnings()).toEqual([
    'the ValidationPipe of Oven.load, Oven.find, Oven.programme lets every argument pass, because the compiler has emitted no types ' +
      'of the parameters: set emitDecoratorMetadata in tsconfig.json, and compile with tsc or SWC, since esbuild and tsx emit no types',
  ]);
  // as the warning says
  expect(await callWith(await joinServer(server, 'oven'), 'oven', 'load', [{ minutes: 'many' }], {})).toEqual({
    minutes: 'many',
  });
});

/** Makes an object with one method, whose ValidationPipe stands where `place` puts it. */
function ovenWith(place: MethodDecorator = () => undefined): new () => object {
  @PyroController('oven')
  class Oven {
    @PyroMethod() @place load(programme: Programme): unknown {
      return programme;
    }
  }
  withoutTypes(Oven);
  return Oven;
}

class OnParameter {
  @PyroMethod() load(@Payload('programme', OwnPipe) programme: Programme): unknown {
    return programme;
  }
}
PyroController('oven')(OnParameter);
withoutTypes(OnParameter);

it.each<[string, ModuleMetadata, ServeOptions?]>([
  ['the method', { providers: [ovenWith(UsePipes(pipe))] }],
  ['the parameter', { providers: [OnParameter] }],
  ['the application, by a provider', { providers: [ovenWith(), { provide: APP_PIPE, useValue: pipe }] }],
  [
    'the application, made for each call',
    { providers: [ovenWith(), { provide: APP_PIPE, useClass: OwnPipe, scope: Scope.REQUEST }] },
  ],
  ['the application, by useGlobalPipes', { providers: [ovenWith()] }, { prepare: (app) => void app.useGlobalPipes(pipe) }],
])('the start warns of a ValidationPipe without types: of %s', async (_where, metadata, options) => {
  expect(await warningsOf(metadata, options)).toEqual([expect.stringMatching(/^the ValidationPipe of \w+\.load lets every/)]);
});

class Typed {
  private last = new Programme();
  @PyroMethod() load(programme: Programme): unknown {
    return programme;
  }
  @PyroProperty() get programme(): Programme {
    return this.last;
  }
  set programme(programme: Programme) {
    this.last = programme;
  }
}
PyroController('typed')(Typed);

const expecting: PipeTransform = new ValidationPipe({ expectedType: Programme });

it.each<[string, ModuleMetadata, ServeOptions?]>([
  ['types that were emitted', { providers: [Typed, { provide: APP_PIPE, useValue: pipe }] }],
  ['a type in the options of the pipe', { providers: [ovenWith(UsePipes(expecting))] }],
  ['no ValidationPipe', { providers: [ovenWith(UsePipes(ParseIntPipe))] }],
  [
    'global pipes that are not inherited',
    { providers: [ovenWith(), { provide: APP_PIPE, useValue: pipe }] },
    { inheritAppConfig: false },
  ],
])('the start does not warn of arguments with %s', async (_what, metadata, options) => {
  expect(await warningsOf(metadata, options)).toEqual([]);
});

it('the start warns of the global ValidationPipe of a microservice', async () => {
  await serveBy('standalone', { providers: [ovenWith()] }, { prepare: (app) => void app.useGlobalPipes(pipe) });
  expect(warnings()).toHaveLength(1);
});
