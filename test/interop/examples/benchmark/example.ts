import { PyroController, PyroKwargs, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

@PyroController('example.benchmark')
class Bench {
  @PyroMethod()
  length(text: string): number {
    return text.length;
  }

  @PyroMethod()
  timestwo(value: number): number {
    return value * 2;
  }

  @PyroMethod()
  bigreply(): string {
    return 'BIG REPLY'.repeat(500);
  }

  @PyroMethod()
  bigarg(arg: string): number {
    return arg.length;
  }

  @PyroMethod()
  manyargs(...numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number);
  }

  @PyroMethod()
  noreply(_arg: unknown): void {}

  @PyroMethod()
  varargs(...args: unknown[]): number {
    return args.length;
  }

  @PyroMethod()
  keywords(@PyroKwargs() args: object): object {
    return args;
  }

  @PyroMethod()
  echo(...args: unknown[]): unknown[] {
    return args;
  }

  @PyroMethod({ oneway: true })
  oneway(..._args: unknown[]): void {}
}

/** Upstream's benchmark, in marshal, and its connection benchmark; bench/ of this repository has the figures. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [Bench] });
    return server.unwrap().uriFor('example.benchmark');
  },
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      timeoutMs: 500_000,
      ready: 'warmup...',
      ends: true,
      prints: ['call #12, 1000 times...', 'total method calls: 12000', '(serializer: marshal)'],
    },
    {
      file: 'connections.py',
      input: (uri) => `${uri}\n`,
      timeoutMs: 500_000,
      prints: [/2000 connections in/, /2000 new proxy calls in/, /10000 calls in/],
    },
  ],
} satisfies Example;
