import { NO_STEP, pathOf } from './path.js';

/** Stands for each of the virtual lists of `NestedLists`. */
const VIRTUAL_LIST: readonly unknown[] = [];

/** Why a container cannot be written. */
export type NestingFault = 'CYCLE' | 'TOO_DEEP';

/** The containers around the value that is being written. */
export class Nesting {
  private depth = 0;
  /** Number of the `containers` that were replaced by another value. */
  private replaced = 0;
  /** The containers, the outermost first. `steps` has the current member of each container. */
  private readonly containers: object[] = [];
  private readonly steps: unknown[] = [];

  /** @param fail throws the error of a container; its argument is a noun for the container */
  constructor(
    private readonly maxDepth: number,
    private readonly fail: (what: string, fault: NestingFault) => never,
  ) {}

  /** Goes into a container. @returns the index of the container, for {@link at} */
  enter(container: object): number {
    const { depth, containers } = this;
    for (let index = 0; index < depth; index++) {
      if (containers[index] === container) this.fail('a value that contains itself', 'CYCLE');
    }
    this.push(container, NO_STEP);
    return depth;
  }

  leave(): void {
    this.depth--;
  }

  /** Goes into virtual lists inside of lists, at once: each has the next as its first member. @returns the index of the outermost, for {@link at} */
  enterLists(count: number): number {
    const { depth } = this;
    for (let left = count; left > 0; left--) this.push(VIRTUAL_LIST, 0);
    return depth;
  }

  leaveLists(count: number): void {
    this.depth -= count;
  }

  private push(container: object, step: unknown): void {
    const { depth } = this;
    if (depth >= this.maxDepth + this.replaced) {
      this.fail(`a value of more than ${this.maxDepth} nested containers (maxDepth)`, 'TOO_DEEP');
    }
    this.containers[depth] = container;
    this.steps[depth] = step;
    this.depth = depth + 1;
  }

  /** Tells which member of a container is written now. */
  at(index: number, step: unknown): void {
    this.steps[index] = step;
  }

  /** Goes into an object that is replaced by another value. `maxDepth` does not count the object, but its replacement must not contain it. */
  enterReplaced(value: object): void {
    this.replaced++;
    this.enter(value);
  }

  leaveReplaced(): void {
    this.leave();
    this.replaced--;
  }

  /** The path to the value that is being written, as {@link pathOf} writes it. */
  get path(): string {
    return pathOf(this.containers.slice(0, this.depth), this.steps);
  }
}
