import { getHeapStatistics } from 'node:v8';

/**
 * The part of the heap that values of peers may take: a quarter of the heap limit of this process (`node --max-old-space-size`).
 *
 * The rest of the heap is for the application, for the copies that V8 makes of growing lists, and for the error of the estimate.
 */
export const HEAP_SHARE_BYTES = Math.floor(getHeapStatistics().heap_size_limit / 4);

/** Default of `maxValueBytes`. A list of ten million floats takes 80 MB, a list of a million records of ten members some 400 MB. */
export const DEFAULT_MAX_VALUE_BYTES = Math.min(512 * 1024 * 1024, HEAP_SHARE_BYTES);
