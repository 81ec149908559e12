import { Ctx } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroException, PyroMethod, type RemoteObject } from 'nestjs-pyro';
import { ShoppingCart } from './shopping-cart.js';

const INVENTORY: Readonly<Record<string, number>> = {
  paper: 1.25,
  bread: 1.5,
  meat: 5.99,
  milk: 0.8,
  fruit: 2.65,
  chocolate: 3.99,
  pasta: 0.5,
  sauce: 1.2,
  vegetables: 1.4,
  cookies: 1.99,
  pizza: 3.6,
  shampoo: 2.22,
  whiskey: 24.99,
};

@PyroController({ name: 'example.shop', instanceMode: 'single' })
export class Shop {
  private readonly carts = new Map<string, ShoppingCart>();

  /** The cart is registered as an object, so it travels to the customer as a proxy. */
  @PyroMethod()
  enter(name: string, @Ctx() { daemon }: PyroContext): ShoppingCart {
    const cart = new ShoppingCart();
    daemon.register(cart);
    this.carts.set(name, cart);
    return cart;
  }

  @PyroMethod()
  customers(): string[] {
    return [...this.carts.keys()];
  }

  @PyroMethod()
  goods(): Readonly<Record<string, number>> {
    return INVENTORY;
  }

  @PyroMethod()
  payByName(name: string): Promise<string> {
    return this.payCart(this.carts.get(name)!, name);
  }

  /** @param cart a cart of this shop, or the proxy of a cart that a customer passes */
  @PyroMethod()
  async payCart(cart: ShoppingCart | RemoteObject<ShoppingCart>, name: string | null = null): Promise<string> {
    const items = await cart.getContents();
    const total = items.reduce((sum, item) => sum + INVENTORY[item]!, 0);
    await cart.empty();
    return [
      ...(name === null ? [] : [`Receipt for ${name}.`]),
      `Receipt Date: ${new Date().toString()}`,
      ...items.map((item) => line(item, INVENTORY[item]!)),
      '',
      line('total:', total),
    ].join('\n');
  }

  @PyroMethod()
  leave(name: string, @Ctx() { daemon }: PyroContext): void {
    const cart = this.carts.get(name)!;
    if (cart.getContents().length > 0) {
      throw new PyroException('builtins.Exception', ['attempt to steal a full cart prevented']);
    }
    this.carts.delete(name);
    daemon.unregister(cart);
  }
}

function line(text: string, price: number): string {
  return `${text.padStart(13)}  ${price.toFixed(2)}`;
}
