import { ParseIntPipe, StandardSchemaValidationPipe, UsePipes, ValidationPipe } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { PyroController, PyroKwargs, PyroMethod } from 'nestjs-pyro';
import { z } from 'zod';
import { ProgrammeDto } from './programme.dto.js';

const settings = z.strictObject({ fan: z.boolean().default(false), gas: z.enum(['air', 'argon']).default('air') });
type Settings = z.infer<typeof settings>;

/** Everything a client sends is checked before the method sees it. */
@PyroController('example.oven')
export class Oven {
  /** A DTO: the pipe sees the type of the parameter. */
  @PyroMethod()
  @UsePipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
  load(programme: ProgrammeDto): number {
    return programme.steps.reduce((sum, { minutes }) => sum + minutes, 0);
  }

  /** A pipe of one argument, given by position or by name. */
  @PyroMethod()
  select(@Payload('slot', ParseIntPipe) slot: number): string {
    return `slot ${slot}`;
  }

  /** Keyword arguments as a whole, checked by a schema of zod. */
  @PyroMethod()
  @UsePipes(new StandardSchemaValidationPipe())
  configure(@PyroKwargs({ schema: settings }) given: Settings): Settings {
    return given;
  }
}
