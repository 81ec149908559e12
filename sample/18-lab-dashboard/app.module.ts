import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PyroModule } from 'nestjs-pyro';
import { DashboardController } from './dashboard.controller.js';
import { HealthController } from './health.controller.js';
import { InstrumentMonitor } from './instrument.monitor.js';
import { BalanceReader, GaugeReader, ThermometerReader } from './instrument.readers.js';
import { BALANCE, GAUGE, THERMOMETER } from './instruments.js';

@Module({})
export class AppModule {
  /** @param uris of the thermometer, the balance and the gauge; `PYRONAME:` ones work as well */
  static with([thermometer, balance, gauge]: readonly string[]): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TerminusModule,
        PyroModule.forRoot({ connectTimeoutMs: 2_000, callTimeoutMs: 5_000 }),
        PyroModule.forFeature([
          // a call that may run twice is repeated when its connection breaks: a short fault is not even seen
          { token: THERMOMETER, uri: thermometer!, repeatable: ['celsius'] },
          { token: BALANCE, uri: balance! },
          { token: GAUGE, uri: gauge! },
        ]),
      ],
      controllers: [DashboardController, HealthController],
      providers: [BalanceReader, GaugeReader, InstrumentMonitor, ThermometerReader],
    };
  }
}
