import { getHeapStatistics } from 'node:v8';

/**
 * The part of the heap that values of peers may take: a quarter of the heap limit of this process (`node --max-old-space-size`).
 *
 * The rest of the heap is for the application, for the copies that V8 makes of growing lists, and for the error of the estimate.
 */
export const HEAP_SHARE_BYTES = Math.floor(getHeapStatistics().heap_size_limit / 4);

/** The part of the heap that names of a name server may take: its records, the changes that watches hold, and the names that a watch knows. */
export const NAMES_SHARE_BYTES = Math.floor(HEAP_SHARE_BYTES / 2);

/** The part of the heap for lasting objects that may be full before large values of peers are refused. */
const FULL = 0.75;
/**
 * V8's heap limit includes the room for new objects: 48 MiB by default, and 96 MiB in Node 26. `--max-old-space-size=256` makes a limit of
 * 304 or 352 MiB, but lasting objects of more than 256 MiB end the process. V8 does not tell the two apart.
 */
const NEW_OBJECTS_BYTES = 96 * 1024 * 1024;
const LEAST_LASTING_PART = 8 / 11;

/**
 * The memory that values of peers may still take, in bytes of their estimate: values that this program has got already are in the heap, too.
 *
 * Half of the free room is left, because the estimate is off by a factor of two. V8 collects garbage before the heap is three quarters full,
 * unless half of it is in use.
 */
export function heapRoomBytes(): number {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  const lasting = Math.max(limit - NEW_OBJECTS_BYTES, limit * LEAST_LASTING_PART);
  return Math.max(0, (FULL * lasting - used) / 2);
}

/** Default of `maxValueBytes`. A list of ten million floats takes 80 MB, a list of a million records of ten members some 400 MB. */
export const DEFAULT_MAX_VALUE_BYTES = Math.min(512 * 1024 * 1024, HEAP_SHARE_BYTES);
