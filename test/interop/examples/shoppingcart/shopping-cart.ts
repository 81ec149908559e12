import { expose } from 'nestjs-pyro/core';

/** A cart stays in the shop; the customer gets a proxy of the cart. */
@expose
export class ShoppingCart {
  private contents: string[] = [];

  purchase(item: string): void {
    this.contents.push(item);
  }

  empty(): void {
    this.contents = [];
  }

  getContents(): string[] {
    return this.contents;
  }
}
