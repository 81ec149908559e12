import { PyroController, PyroMethod } from 'nestjs-pyro';

/** One for everybody. */
@PyroController({ objectId: 'example.shop', instanceMode: 'single' })
export class Shop {
  private readonly shelf = new Map([
    ['apple', 3],
    ['pear', 2],
  ]);

  @PyroMethod()
  left(item: string): number {
    return this.shelf.get(item) ?? 0;
  }

  take(item: string): boolean {
    const left = this.left(item);
    if (left > 0) this.shelf.set(item, left - 1);
    return left > 0;
  }

  putBack(item: string): void {
    this.shelf.set(item, this.left(item) + 1);
  }
}
