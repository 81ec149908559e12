import { Injectable } from '@nestjs/common';

export interface Movement {
  person: string;
  item: string;
  quantity: number;
}

/** The service behind the object: it knows nothing of Pyro. */
@Injectable()
export class StockService {
  private readonly stock = new Map([
    ['chair', 2],
    ['bike', 1],
    ['flashlight', 5],
  ]);
  private readonly movements: Movement[] = [];

  contents(): [name: string, quantity: number][] {
    return [...this.stock].filter(([, quantity]) => quantity > 0);
  }

  total(): number {
    return this.contents().reduce((sum, [, quantity]) => sum + quantity, 0);
  }

  history(): Movement[] {
    return [...this.movements];
  }

  take(person: string, item: string): number {
    const left = this.stock.get(item) ?? 0;
    if (left > 0) this.change(person, item, -1);
    return left;
  }

  add(person: string, item: string, quantity: number): void {
    this.change(person, item, quantity);
  }

  private change(person: string, item: string, quantity: number): void {
    this.stock.set(item, (this.stock.get(item) ?? 0) + quantity);
    this.movements.push({ person, item, quantity });
  }
}
