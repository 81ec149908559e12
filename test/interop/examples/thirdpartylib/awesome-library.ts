// A library of somebody else, whose classes cannot be decorated.

export class WeirdReturnType {
  constructor(readonly value: string) {}
}

export class AwesomeClass {
  method(_arg: string): string {
    return 'awesome';
  }

  /** Meant for internal use; clients can call this method only when the whole class is exposed. */
  private(): string {
    return 'boo';
  }

  weird(): WeirdReturnType {
    return new WeirdReturnType('awesome');
  }
}
