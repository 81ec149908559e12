import { ELLIPSIS, STOP_ITERATION } from '../contract/marshal-singleton.js';
import { MarshalReader } from './marshal-reader.js';
import { MarshalSerializer } from './marshal-serializer.js';
import { MARSHAL } from './marshal-types.js';

/** Reads also the values of Python that have no counterpart here. */
class BlobInfoReader extends MarshalReader {
  protected override otherType(type: number): unknown {
    if (type === MARSHAL.ellipsis) return ELLIPSIS;
    if (type === MARSHAL.stopIteration) return STOP_ITERATION;
    return super.otherType(type);
  }
}

/** Marshal for the info of a SerializedBlob, which a gateway passes on with every value that it has in Python. */
export class BlobInfoSerializer extends MarshalSerializer {
  protected override readonly Reader = BlobInfoReader;
}
