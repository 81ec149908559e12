import { Body, Controller, Get, Inject, ParseFloatPipe, Put, UseFilters, UseGuards } from '@nestjs/common';
import { PyroHttpExceptionFilter, type RemoteObject } from 'nestjs-pyro';
import { TokenGuard } from './token.guard.js';

/** The Python object. */
export interface Thermostat {
  read(): number;
  set(celsius: number): void;
}

export const THERMOSTAT = Symbol('THERMOSTAT');

@Controller('thermostat')
@UseFilters(PyroHttpExceptionFilter)
export class ThermostatController {
  constructor(@Inject(THERMOSTAT) private readonly thermostat: RemoteObject<Thermostat>) {}

  @Get()
  async read(): Promise<{ celsius: number }> {
    return { celsius: await this.thermostat.read() };
  }

  @Put()
  @UseGuards(TokenGuard)
  async set(@Body('celsius', ParseFloatPipe) celsius: number): Promise<{ celsius: number }> {
    await this.thermostat.set(celsius);
    return this.read();
  }
}
