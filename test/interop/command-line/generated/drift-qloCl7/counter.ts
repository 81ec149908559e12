import { expose, oneway, params } from 'nestjs-pyro/core';

/** Counts. */
@expose
export class Counter {
  total = 0;

  add(by: string): number {
    return (this.total += Number(by));
  }
  @oneway
  reset(): void {
    this.total = 0;
  }
  @params('text', 'limit?', '**filters')
  find(text: string, _limit: number, filters: Record<string, unknown>): string {
    return text + Object.keys(filters).join('');
  }
  _private(): void {}
}

export class Lamp {
  switch(on: boolean): boolean {
    return on;
  }
  unexposed(): void {}
}
expose(Lamp, 'switch');
