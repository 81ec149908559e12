import type { Attributes, SpanOptions } from '@opentelemetry/api';
import { ATTRIBUTES, OTHER, serverAddress, SYSTEM } from './semantics.js';
import { Series } from './series.js';

/** Most names of methods, and most names of objects, in the metrics of all proxies together. */
export const MAX_NAMES = 1_000;
/** Most of these names that no server has confirmed, because no connection was opened. */
export const MAX_UNCONFIRMED = 100;
/** Most servers in the metrics of one method. */
const MAX_ADDRESSES = 100;

/** A method that proxies call, in spans and metrics. */
export class ClientMethod {
  readonly options: SpanOptions;
  private readonly attributes: Attributes;
  private readonly byAddress = new Map<string, Series>();
  private readonly withoutAddress: Series;

  constructor(
    readonly name: string,
    kind: SpanOptions['kind'],
  ) {
    this.attributes = { ...SYSTEM, [ATTRIBUTES.method]: name };
    this.options = { kind, attributes: this.attributes };
    this.withoutAddress = new Series(this.attributes);
  }

  /** @param location address of the server; undefined when the address is not known, or a peer chose it */
  series(location: string | undefined): Series {
    if (location === undefined) return this.withoutAddress;
    const { byAddress } = this;
    let series = byAddress.get(location);
    if (series === undefined) {
      if (byAddress.size === MAX_ADDRESSES) return this.withoutAddress;
      byAddress.set(location, (series = new Series({ ...this.attributes, ...serverAddress(location) })));
    }
    return series;
  }
}

/** The methods that the proxies of this process call. A method whose name a peer could choose freely is `_OTHER`. */
export class ClientMethods {
  readonly other: ClientMethod;
  private readonly byObject = new Map<string, Map<string, ClientMethod>>();
  private names = 0;
  private unconfirmed = 0;

  constructor(private readonly kind: SpanOptions['kind']) {
    this.other = new ClientMethod(OTHER, kind);
  }

  /**
   * @param object the result of {@link clientObject}
   * @param isKnown true when the object has the method; undefined when its metadata is not known yet
   */
  named(object: string, method: string, isKnown: boolean | undefined): ClientMethod {
    if (isKnown === false) return this.other;
    const known = this.byObject.get(object)?.get(method);
    if (known !== undefined) return known;
    if (this.names === MAX_NAMES || (isKnown === undefined && this.unconfirmed === MAX_UNCONFIRMED)) return this.other;
    this.names++;
    if (isKnown === undefined) this.unconfirmed++;
    const made = new ClientMethod(`${object}/${method}`, this.kind);
    const methods = this.byObject.get(object) ?? new Map<string, ClientMethod>();
    this.byObject.set(object, methods.set(method, made));
    return made;
  }
}
