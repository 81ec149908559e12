import { UsePipes, ValidationPipe } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroException, PyroMethod, PyroProperty, UseHandshakeGuards } from 'nestjs-pyro';
import { type Movement, StockService } from './stock.service.js';
import { StoreItemDto } from './store-item.dto.js';
import { TokenGuard } from './token.guard.js';

/** The object that Python programs see; its names there are in snake_case. */
@PyroController({ objectId: 'example.warehouse', instanceMode: 'single', naming: 'snake_case' })
@UseHandshakeGuards(TokenGuard)
export class Warehouse {
  constructor(private readonly stock: StockService) {}

  @PyroMethod()
  listContents(): Record<string, number> {
    return Object.fromEntries(this.stock.contents());
  }

  @PyroMethod()
  take(item: string, @Ctx() context: PyroContext): string {
    const person = String(context.principal);
    if (this.stock.take(person, item) === 0) throw new PyroException('builtins.LookupError', [`there is no ${item} left`]);
    return `${person} took a ${item}`;
  }

  @PyroMethod()
  @UsePipes(new ValidationPipe())
  store(item: StoreItemDto, @Ctx() context: PyroContext): void {
    this.stock.add(String(context.principal), item.name, item.quantity);
  }

  /** An item stream: the client pulls one entry at a time. */
  @PyroMethod()
  async *history(): AsyncGenerator<Movement> {
    yield* this.stock.history();
  }

  /** A remote attribute, read only since it has no setter. */
  @PyroProperty()
  get itemCount(): number {
    return this.stock.total();
  }
}
