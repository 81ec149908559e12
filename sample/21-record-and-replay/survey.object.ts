import { Inject } from '@nestjs/common';
import { kwargs, PyroController, PyroMethod, PyroRemoteError, type RemoteObject } from 'nestjs-pyro';
import { type Reading, SPECTROMETER, type Spectrometer } from './spectrometer.js';

/** The program that is tested: it uses the spectrometer. */
@PyroController({ objectId: 'example.survey', instanceMode: 'single', naming: 'snake_case' })
export class Survey {
  constructor(@Inject(SPECTROMETER) private readonly spectrometer: RemoteObject<Spectrometer>) {}

  @PyroMethod()
  async instrument(): Promise<string> {
    const { model, serial, calibration } = await this.spectrometer.identify();
    return `${model} ${serial}, calibration ${calibration.toString('hex')}`;
  }

  /** The brightest line of a range, measured again with more averages. The scan ends as soon as a line has enough counts. */
  @PyroMethod()
  async brightest(start: number, stop: number, enough: number): Promise<Reading> {
    let best: Reading = [start, -Infinity];
    for await (const reading of await this.spectrometer.scan(start, stop, 1)) {
      if (reading[1] > best[1]) best = reading;
      if (reading[1] >= enough) break;
    }
    return this.spectrometer.measure(best[0], kwargs({ averages: 16 }));
  }

  @PyroMethod()
  async canSee(nanometres: number): Promise<boolean> {
    const [, counts] = await this.spectrometer.measure(nanometres);
    return !Number.isNaN(counts);
  }

  /** The highest gain that the spectrometer takes. */
  @PyroMethod()
  async raiseGain(): Promise<number> {
    for (;;) {
      const gain = await this.spectrometer.$get('gain');
      try {
        await this.spectrometer.$set('gain', gain * 2);
      } catch (error) {
        if (error instanceof PyroRemoteError && error.pythonType === 'builtins.ValueError') return gain;
        throw error;
      }
    }
  }
}
