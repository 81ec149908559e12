import { type DynamicModule, Module } from '@nestjs/common';
import { PyroModule, type RemoteObject } from 'nestjs-pyro';
import { recordInstrument } from './recorder.js';
import { RecordingFile } from './recording.js';
import { SPECTROMETER, type Spectrometer } from './spectrometer.js';
import { Survey } from './survey.object.js';

const INSTRUMENT = Symbol('the instrument behind the recorder');

@Module({})
export class AppModule {
  /** @param recording path of a new file that gets the answers of the spectrometer; without it nothing is recorded */
  static with(uri: string, recording?: string): DynamicModule {
    const values = recording === undefined ? 'natural' : 'faithful';
    return {
      module: AppModule,
      imports: [PyroModule.forFeature([{ token: INSTRUMENT, uri, values, callTimeoutMs: 5_000 }])],
      providers: [
        Survey,
        {
          provide: SPECTROMETER,
          inject: [INSTRUMENT],
          useFactory: (instrument: RemoteObject<Spectrometer>) =>
            recording === undefined ? instrument : recordInstrument(instrument, new RecordingFile(recording)),
        },
      ],
    };
  }
}
