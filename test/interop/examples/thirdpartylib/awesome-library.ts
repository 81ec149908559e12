// A library of somebody else: no decorator can be put on its classes.

export class WeirdReturnType {
  constructor(readonly value: string) {}
}

export class AwesomeClass {
  method(_arg: string): string {
    return 'awesome';
  }

  /** Meant for the library's own use; only whoever exposes the whole class lets clients call it. */
  private(): string {
    return 'boo';
  }

  weird(): WeirdReturnType {
    return new WeirdReturnType('awesome');
  }
}
