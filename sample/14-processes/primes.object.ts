import { PyroController, PyroMethod, PyroProperty } from 'nestjs-pyro';

/** Set for a process that has a name of its own. */
const { REPLICA } = process.env;

/** Work that keeps a CPU busy. `single`: one for each process. */
@PyroController({
  objectId: 'example.primes',
  name: REPLICA && `example.primes.${REPLICA}`,
  metadata: ['example:primes'],
  instanceMode: 'single',
  naming: 'snake_case',
})
export class Primes {
  private remembered = 'nothing';

  /** A field of a `single` object is a field of its process. */
  @PyroProperty()
  get note(): string {
    return this.remembered;
  }
  set note(note: string) {
    this.remembered = note;
  }

  @PyroProperty()
  get processId(): number {
    return process.pid;
  }

  @PyroMethod()
  count(start: number, stop: number): number {
    let primes = 0;
    for (let number = start; number < stop; number++) if (isPrime(number)) primes++;
    return primes;
  }

  /** A stream goes on in the process where it began. */
  @PyroMethod()
  *upTo(stop: number): Generator<number> {
    for (let number = 2; number < stop; number++) if (isPrime(number)) yield number;
  }
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return number > 1;
}
