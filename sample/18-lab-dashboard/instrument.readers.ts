import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { RemoteObject } from 'nestjs-pyro';
import { BALANCE, type Balance, GAUGE, type PressureGauge, THERMOMETER, type Thermometer } from './instruments.js';

const POLL_INTERVAL_MS = 200;

/** An instrument as the monitor sees it. */
export interface InstrumentReader {
  readonly name: string;
  readonly unit: string;
  /** Values until the instrument fails. Its error ends them; the monitor calls again later. */
  readings(): AsyncIterable<number>;
}

/** A method is called for each value. */
@Injectable()
export class ThermometerReader implements InstrumentReader {
  readonly name = 'thermometer';
  readonly unit = '°C';

  constructor(@Inject(THERMOMETER) private readonly thermometer: RemoteObject<Thermometer>) {}

  async *readings(): AsyncGenerator<number> {
    for (;;) {
      yield await this.thermometer.celsius();
      await sleep(POLL_INTERVAL_MS);
    }
  }
}

/** An attribute is read for each value. */
@Injectable()
export class BalanceReader implements InstrumentReader {
  readonly name = 'balance';
  readonly unit = 'g';

  constructor(@Inject(BALANCE) private readonly balance: RemoteObject<Balance>) {}

  async *readings(): AsyncGenerator<number> {
    for (;;) {
      yield await this.balance.$get('grams');
      await sleep(POLL_INTERVAL_MS);
    }
  }
}

/** The instrument sends a stream. */
@Injectable()
export class GaugeReader implements InstrumentReader {
  readonly name = 'gauge';
  readonly unit = 'hPa';

  constructor(@Inject(GAUGE) private readonly gauge: RemoteObject<PressureGauge>) {}

  async *readings(): AsyncGenerator<number> {
    yield* await this.gauge.readings();
  }
}
