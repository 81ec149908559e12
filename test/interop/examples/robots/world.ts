import { registerClass, pyTuple } from 'nestjs-pyro/core';

export interface Position {
  x: number;
  y: number;
}

/** A thing on the grid of the world. */
export type Wall = Position;

const STRENGTH = 5;

/** Moves one field per turn. A robot that hits a wall stops and gets weaker; a robot that is hit gets weaker, too. */
export class Robot implements Position {
  dx = 0;
  dy = 0;
  strength = STRENGTH;

  constructor(
    readonly name: string,
    private readonly world: World,
    public x: number,
    public y: number,
  ) {}

  /** @returns the robot that died and its killer; undefined when no robot died */
  move(): { dead: Robot; killer: Robot | null } | undefined {
    const x = clamp(this.x + this.dx, this.world.width);
    const y = clamp(this.y + this.dy, this.world.height);
    if (x === this.x && y === this.y) return undefined;
    const obstacle = this.world.at(x, y);
    if (obstacle === undefined) {
      [this.x, this.y] = [x, y];
      return undefined;
    }
    [this.dx, this.dy] = [0, 0];
    const hurt = obstacle instanceof Robot ? obstacle : this;
    hurt.strength--;
    return hurt.strength > 0 ? undefined : { dead: hurt, killer: hurt === this ? null : this };
  }

  /** The state in the form that upstream's clients expect. */
  toDict(): Record<string, unknown> {
    return {
      name: this.name,
      grid_dimensions: pyTuple(this.world.width, this.world.height),
      position: pyTuple(this.x, this.y),
      direction: pyTuple(this.dx, this.dy),
      strength: this.strength,
    };
  }
}

registerClass(Robot, { name: 'robot.Robot', toDict: (robot) => robot.toDict() });

export class World {
  readonly width = 25;
  readonly height = 25;
  readonly robots = new Set<Robot>();
  private readonly walls: Wall[] = [];

  constructor() {
    for (let step = 0; step < 10; step++) {
      this.walls.push({ x: step + 4, y: 4 }, { x: step + 4, y: 15 }, { x: 4, y: step + 5 }, { x: 16, y: step + 5 });
    }
  }

  at(x: number, y: number): Robot | Wall | undefined {
    return [...this.robots, ...this.walls].find((thing) => thing.x === x && thing.y === y);
  }

  /** Puts a new robot on a free field. */
  place(name: string): Robot {
    for (;;) {
      const [x, y] = [Math.floor(Math.random() * this.width), Math.floor(Math.random() * this.height)];
      if (this.at(x, y) !== undefined) continue;
      const robot = new Robot(name, this, x, y);
      this.robots.add(robot);
      return robot;
    }
  }
}

function clamp(value: number, size: number): number {
  return Math.min(size - 1, Math.max(0, value));
}
