import { expose } from 'nestjs-pyro/core';

/** Stays in the shop; the customer gets a proxy of it. */
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
