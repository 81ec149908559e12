import { PyroController, PyroKwargs, PyroMethod, PyroProperty } from 'nestjs-pyro';

/** TypeScript's names here, Python's over there: `naming` of the server does both methods, attributes and keywords. */
@PyroController({ objectId: 'example.wavemeter', instanceMode: 'single' })
export class Wavemeter {
  private exposure = 10;

  @PyroProperty()
  get exposureMs(): number {
    return this.exposure;
  }
  set exposureMs(value: number) {
    this.exposure = value;
  }

  @PyroMethod()
  readWavelength(channelNumber: number, averageOver = 1): string {
    return `channel ${channelNumber}, ${averageOver} readings`;
  }

  /** A name that is given stays as it is. */
  @PyroMethod('getHTTPStatus')
  httpStatus(): number {
    return 200;
  }

  /** Keywords that no parameter takes keep their names. */
  @PyroMethod()
  setOptions(@PyroKwargs() options: Record<string, unknown>): string[] {
    return Object.keys(options);
  }
}
