import { Module } from '@nestjs/common';
import { PyroModule } from 'nestjs-pyro';
import { SPECTROMETER } from './spectrometer.js';
import { Survey } from './survey.object.js';

/** In earnest the URI is `PYRONAME:lab.spectrometer`, and comes from the configuration. */
const uri = process.argv[2] ?? 'PYRO:lab.spectrometer@127.0.0.1:9998';

@Module({
  imports: [PyroModule.forRoot({ callTimeoutMs: 5_000 }), PyroModule.forFeature([{ token: SPECTROMETER, uri }])],
  providers: [Survey],
})
export class AppModule {}
