import { MAX_NAMES, MAX_UNCONFIRMED } from './client-methods.js';
import { ATTRIBUTES, OTHER } from './semantics.js';
import { Series } from './series.js';

/**
 * The objects in the metrics of the proxies of this process. A program may look names up for its users, so their number is limited: further
 * objects are `_OTHER`. An object that a proxy was connected to exists, so more of such objects have a name than of others.
 */
export class ClientObjects {
  private readonly byName = new Map<string, ClientObject>();
  private unconfirmed = 0;

  /** @param begin called once for each series that is made */
  constructor(private readonly begin: (series: Series) => void) {}

  /**
   * Gives the labels of an object.
   *
   * @param isConfirmed true when a proxy is connected to the object
   */
  series(name: string, isConfirmed: boolean): Series {
    const known = this.byName.get(name);
    if (known !== undefined) {
      if (isConfirmed) this.confirm(known);
      return known;
    }
    const isOther = name === OTHER;
    const isFull = this.byName.size >= MAX_NAMES || (!isConfirmed && this.unconfirmed >= MAX_UNCONFIRMED);
    if (!isOther && isFull) return this.series(OTHER, true);
    const made = new ClientObject(name, isConfirmed || isOther);
    if (!made.isConfirmed) this.unconfirmed++;
    this.byName.set(name, made);
    this.begin(made);
    return made;
  }

  private confirm(object: ClientObject): void {
    if (object.isConfirmed) return;
    object.isConfirmed = true;
    this.unconfirmed--;
  }
}

class ClientObject extends Series {
  constructor(
    name: string,
    /** True when a proxy was connected to the object. */
    public isConfirmed: boolean,
  ) {
    super({ [ATTRIBUTES.object]: name });
  }
}
