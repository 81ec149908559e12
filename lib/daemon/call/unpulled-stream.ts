import type { AnyIterator } from '../../objects/item-iterators.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import { CallStream } from '../object/call-stream.js';
import type { ServedRequest } from '../request/served-request.js';

/** Closes the iterator of a stream that no client will pull. @param method the method that returned the stream */
export async function closeUnpulled(
  { services, connection }: ServedRequest,
  method: string,
  iterator: AnyIterator,
): Promise<void> {
  const { cleanUps, reporter } = services;
  const what = `the end of an item stream of ${peerText(method)}`;
  if (!(iterator instanceof CallStream)) {
    await cleanUps.wait(Promise.resolve(iterator.return?.()), what, connection);
    return;
  }
  const iteratorEnded = iterator.whenIteratorEnded();
  const closing = iterator.return();
  // a limit around the rest, too, would pass at the same time as those of the rest
  if (await cleanUps.wait(iteratorEnded, what, connection)) await closing;
  else closing.catch((error: unknown) => reporter.error(error));
}
