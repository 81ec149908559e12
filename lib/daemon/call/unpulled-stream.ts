import type { AnyIterator } from '../../objects/item-iterators.js';
import { peerText } from '../../protocol/peer-text.js';
import type { ServedRequest } from './served-request.js';

/** Closes the iterator of a stream that no client will pull. @param method the method that returned the stream */
export async function closeUnpulled(
  { services, connection }: ServedRequest,
  method: string,
  iterator: AnyIterator,
): Promise<void> {
  const closing = Promise.resolve(iterator.return?.());
  await services.cleanUps.wait(closing, `the end of an item stream of ${peerText(method)}`, connection);
}
