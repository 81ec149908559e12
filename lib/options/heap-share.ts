import { getHeapStatistics } from 'node:v8';

/**
 * The part of the heap that values of peers may take: a quarter of the heap limit of this process (`node --max-old-space-size`).
 *
 * The rest of the heap is for the application, for the copies that V8 makes of growing lists, and for the error of the estimate.
 */
export const HEAP_SHARE_BYTES = Math.floor(getHeapStatistics().heap_size_limit / 4);

/** The part of the heap that may be full before large values of peers are refused. */
const FULL = 0.75;

/**
 * The memory that values of peers may still take, in bytes of their estimate: values that this program has got already are in the heap, too.
 *
 * Half of the free room is left, because the estimate is off by a factor of two. V8 collects garbage before the heap is three quarters full,
 * unless half of it is in use.
 */
export function heapRoomBytes(): number {
  const { heap_size_limit, used_heap_size } = getHeapStatistics();
  return Math.max(0, (FULL * heap_size_limit - used_heap_size) / 2);
}

/** Default of `maxValueBytes`. A list of ten million floats takes 80 MB, a list of a million records of ten members some 400 MB. */
export const DEFAULT_MAX_VALUE_BYTES = Math.min(512 * 1024 * 1024, HEAP_SHARE_BYTES);
