import { Injectable, Module } from '@nestjs/common';
import { PyroController, PyroKwargs, PyroMethod, PyroProperty } from 'nestjs-pyro';
import { limit as spare, text as metal } from './names.js';

@Injectable()
export class Stock {
  readonly names = [metal, 'copper', 'silver', 'stone'];
}

@PyroController('catalogue')
export class CatalogueObject {
  constructor(private readonly stock: Stock) {}

  @PyroMethod({ params: ['text', 'limit?'] })
  find(text: string, limit = 2): string[] {
    return this.stock.names.filter((name) => name.includes(text)).slice(0, limit);
  }

  @PyroMethod({ params: ['text?'] })
  search(text = 'everything', @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return { text, options };
  }

  @PyroMethod()
  *all(): Generator<string> {
    yield* this.stock.names;
  }

  @PyroProperty()
  get size(): number {
    return this.stock.names.length + spare;
  }
}

@Module({ providers: [Stock, CatalogueObject] })
export class CatalogueModule {}
