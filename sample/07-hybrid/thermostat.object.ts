import { Body, Controller, Get, ParseFloatPipe, Put } from '@nestjs/common';
import { PyroController, PyroMethod } from 'nestjs-pyro';

/** One object, two doors: HTTP for the browser, Pyro for the lab's scripts. */
@PyroController({ objectId: 'example.thermostat', instanceMode: 'single' })
@Controller('thermostat')
export class Thermostat {
  private celsius = 21;

  @Get()
  @PyroMethod()
  read(): { celsius: number } {
    return { celsius: this.celsius };
  }

  @Put()
  @PyroMethod()
  set(@Body('celsius', ParseFloatPipe) celsius: number): void {
    this.celsius = celsius;
  }
}
