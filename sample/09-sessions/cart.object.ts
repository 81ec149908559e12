import { type OnPyroDisconnect, PyroController, PyroException, PyroMethod } from 'nestjs-pyro';
import { Shop } from './shop.object.js';

/** One for each connection: a client's fields are safe from all others, and gone when it leaves. */
@PyroController('example.cart')
export class Cart implements OnPyroDisconnect {
  private readonly items: string[] = [];
  private isPaid = false;

  constructor(private readonly shop: Shop) {}

  @PyroMethod()
  add(item: string): void {
    if (!this.shop.take(item)) throw new PyroException('builtins.LookupError', [`no ${item} left`]);
    this.items.push(item);
  }

  @PyroMethod()
  contents(): string[] {
    return this.items;
  }

  @PyroMethod()
  pay(): string {
    this.isPaid = true;
    return `paid for ${this.items.join(', ')}`;
  }

  /** Whoever leaves without paying leaves everything here. */
  onPyroDisconnect(): void {
    if (!this.isPaid) for (const item of this.items) this.shop.putBack(item);
  }
}
