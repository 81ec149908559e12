import { Inject } from '@nestjs/common';
import { kwargs, PyroController, PyroException, PyroMethod, PyroRemoteError, type RemoteObject } from 'nestjs-pyro';
import { type Reading, SPECTROMETER, type Spectrometer } from './spectrometer.js';

/** Uses the instrument, and is an object itself: Python calls Nest, and Nest calls Python. */
@PyroController({ objectId: 'example.survey', instanceMode: 'single', naming: 'snake_case' })
export class Survey {
  constructor(@Inject(SPECTROMETER) private readonly spectrometer: RemoteObject<Spectrometer>) {}

  /** The brightest line between two wavelengths. Leaving the loop ends the scan over there. */
  @PyroMethod()
  async brightest(start: number, stop: number, enough: number): Promise<Reading | undefined> {
    let best: Reading | undefined;
    for await (const reading of await this.spectrometer.scan(start, stop, 10)) {
      if (best === undefined || reading.counts > best.counts) best = reading;
      if (reading.counts >= enough) break;
    }
    return best && this.spectrometer.measure(best.wavelength, kwargs({ averages: 16 }));
  }

  @PyroMethod()
  async setGain(gain: number): Promise<number> {
    try {
      await this.spectrometer.$set('gain', gain);
    } catch (error) {
      if (!(error instanceof PyroRemoteError)) throw error;
      throw new PyroException('builtins.ValueError', [`the instrument says: ${error.args.join(': ')}`]);
    }
    return this.spectrometer.$get('gain');
  }
}
