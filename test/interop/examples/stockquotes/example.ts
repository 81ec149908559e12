import { setTimeout as sleep } from 'node:timers/promises';
import { expose, pyFloat, type PyFloat } from 'nestjs-pyro/core';
import type { Example, Script } from '../example.js';

/** Two objects of one class, registered with the core's `register()`; Nest would make the instances itself. */
@expose
class StockMarket {
  constructor(
    private readonly marketName: string,
    private readonly stockSymbols: readonly string[],
  ) {}

  /** Never ends: the client pulls as many quotes as it wants. A price is always a float, even a whole number. */
  async *quotes(): AsyncGenerator<[symbol: string, price: PyFloat]> {
    for (;;) {
      const symbol = this.stockSymbols[Math.floor(Math.random() * this.stockSymbols.length)]!;
      yield [symbol, pyFloat(Math.round((5 + Math.random() * 145) * 100) / 100)];
      await sleep(Math.random() * 100);
    }
  }

  get name(): string {
    return this.marketName;
  }

  get symbols(): readonly string[] {
    return this.stockSymbols;
  }
}

const serve: Example['serve'] = async (stage) => {
  const daemon = await stage.daemon();
  const [nasdaq, newYork] = [
    new StockMarket('NASDAQ', ['AAPL', 'CSCO', 'MSFT', 'GOOG']),
    new StockMarket('NYSE', ['IBM', 'HPQ', 'BP']),
  ];
  await stage.register('example.stockmarket.nasdaq', daemon.register(nasdaq));
  await stage.register('example.stockmarket.newyork', daemon.register(newYork));
};

function viewer(file: string): Script {
  return {
    file,
    // quotes of both markets, and no other lines
    until: /Shown quotes: .*\n(?=[^]*NASDAQ\.)(?=[^]*NYSE\.)(?:(?:NASDAQ\.(?:AAPL|MSFT)|NYSE\.IBM): \d+\.\d+\n){8}/,
    prints: ['found market example.stockmarket.nasdaq', 'found market example.stockmarket.newyork'],
  };
}

/** Phase 1 has no remote objects. */
export default [
  { serve, scripts: [viewer('phase2/viewer.py')] },
  { serve, scripts: [viewer('phase3/viewer.py')] },
] satisfies Example[];
