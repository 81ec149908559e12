import { BATCH_METHOD } from '../../protocol/constants.js';
import { attributeOf } from '../../serializers/contract/call-shape.js';
import type { SerializedCall } from '../../serializers/contract/serializer.js';
import type { ObservedCall } from '../contract/observer.js';
import { UNKNOWN } from '../request/failure-report.js';
import { Call } from './call.js';
import type { ServedRequest } from '../request/served-request.js';

/** A call as observers see it: the call of a request, or one entry of a batch. */
export class BegunCall extends Call implements ObservedCall {
  readonly args: readonly unknown[];

  constructor(
    request: ServedRequest,
    { objectId = UNKNOWN, method = UNKNOWN, args = [], kwargs = {} }: Partial<SerializedCall>,
    readonly startedAt = performance.now(),
  ) {
    super(request, objectId, method, kwargs);
    this.args = args;
  }

  get principalKey(): string | undefined {
    return this.request.authorization.principalKey;
  }

  takeTraceId(traceId: string): void {
    this.request.takeTraceId(traceId);
  }

  get isKnown(): boolean {
    const { method, args, request } = this;
    const metadata = request.services.objects.get(this.objectId)?.metadata;
    if (metadata === undefined) return false;
    if (metadata.methods.has(method)) return true;
    const attribute = attributeOf(method, args);
    if (attribute !== undefined) return metadata.attrs.has(attribute);
    // a batch may come with any other name, and is served
    return request.isBatch && method === BATCH_METHOD;
  }
}
