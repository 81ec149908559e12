import type { PipeTransform } from '@nestjs/common';
import { servedCall } from '../../daemon/call/call.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import type { ArrayPipeUse } from '../nest-pipes.js';
import { estimateJson } from './json-estimate.js';
import { refusedArgument } from './refused-argument.js';

/** Items that count as one object, where they are none: ParseArrayPipe waits for each. */
const PARTS = 16;

/**
 * Counts what a ParseArrayPipe makes of texts, before it makes it: the parts of a text, and the values of parts and items that are JSON.
 *
 * Items with a class are parsed here, so that the rules of their class run after the count of all their objects.
 */
export class CountedTexts implements PipeTransform {
  constructor(
    /** Name of the argument. */
    private readonly label: string,
    private readonly use: ArrayPipeUse,
  ) {}

  /** @returns the value for the pipe @throws {PyroException} a ValueError that names the argument, over a limit */
  transform(value: unknown): unknown {
    try {
      if (typeof value === 'string') return this.countText(value);
      return Array.isArray(value) ? this.countList(value) : value;
    } catch (error) {
      throw refusedArgument(error, this.label);
    }
  }

  private countText(text: string): unknown {
    const { separator, parsesItems, isOwn, holdsObjects } = this.use;
    const parts = partsOf(text, separator);
    const isParsedByPipe = parsesItems && !isOwn;
    if (!isParsedByPipe) this.check(this.waitsFor(parts), !holdsObjects);
    servedCall().request.spend(parts * (COSTS.string + 2 * COSTS.slot) + 2 * text.length);
    if (isParsedByPipe) this.countJson(text, this.waitsFor(parts));
    return parsesItems && isOwn ? this.readItems(text.trim().split(separator)) : text;
  }

  private countList(items: unknown[]): unknown[] {
    // objects are counted after this count as well, other items are not
    this.check(this.waitsFor(items.length), !this.use.holdsObjects);
    return this.use.parsesItems ? this.readItems(items) : items;
  }

  /** Items of which the pipe waits for each, as objects. */
  private waitsFor(items: number): number {
    const { waits, countsEach } = this.use;
    return waits ? items / (countsEach ? 1 : PARTS) : 0;
  }

  /** Reads the texts of a list that are JSON of objects. Other texts stay as they are. */
  private readItems(items: unknown[]): unknown[] {
    const countsBehind = this.use.holdsObjects && this.use.isOwn;
    let read: unknown[] | undefined;
    for (const [index, item] of items.entries()) {
      if (typeof item !== 'string' || !mayHoldObjects(item)) continue;
      this.countJson(item);
      const parsed = countsBehind ? parseObject(item) : undefined;
      if (parsed !== undefined) (read ??= [...items])[index] = parsed;
    }
    const given = read ?? items;
    if (countsBehind) this.check(given.filter((item) => typeof item !== 'object').length, true);
    return given;
  }

  /** @param least objects that count, if the text has no more */
  private countJson(text: string, least = 0): void {
    const { request } = servedCall();
    const { maxDepth } = request.services.options;
    const objects = request.budget?.leftChecks ?? Infinity;
    const estimate = estimateJson(text, { objects, depth: maxDepth });
    if (estimate.depth > maxDepth) throw new UnreadableError(`more than ${maxDepth} nested containers: the limit is maxDepth`);
    this.check(Math.max(estimate.objects, least), !(this.use.holdsObjects && this.use.isOwn));
    request.spend(estimate.bytes);
  }

  /** @param isLast true when nobody counts the objects after this count @throws {UnreadableError} over `maxCheckedObjects` */
  private check(objects: number, isLast: boolean): void {
    const { budget } = servedCall().request;
    if (budget !== undefined && (isLast || objects > budget.leftChecks)) budget.spendChecks(objects);
  }
}

/** True for a text that JSON.parse may make an object of. */
function mayHoldObjects(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // the pipe gets the text
    return undefined;
  }
}

/** Number of the parts into which `split` divides a text. */
function partsOf(text: string, separator: string): number {
  let parts = 1;
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + separator.length)) parts++;
  return parts;
}
