import { Ctx } from '@nestjs/microservices';
import { expose, kwargs, PyroContext, PyroController, PyroException, PyroMethod, type RemoteObject } from 'nestjs-pyro';
import { Robot, World } from './world.js';

/** The client's object: receives the events of the game, and steers the client's robot. */
interface Observer {
  start(): void;
  world_update(iteration: number, world: unknown, robot: Robot): void;
  victory(): void;
  death(killer: Robot | null): void;
}

/** The remote control that a client gets for its robot. */
@expose
class RemoteBot {
  readonly said: string[] = [];

  constructor(private readonly robot: Robot) {}

  get_data(): Robot {
    return this.robot;
  }

  change_direction([dx, dy]: [dx: number, dy: number]): void {
    [this.robot.dx, this.robot.dy] = [dx, dy];
  }

  emote(text: string): void {
    this.said.push(text);
  }
}

const PLAYERS = 3;
const TURN_MS = 20;
/** Limits a game in which the robots only avoid each other. */
const MAX_TURNS = 100;

/** The game starts when enough robots have signed up, and ends when one is left, or after MAX_TURNS turns. */
@PyroController({ name: 'example.robotserver', instanceMode: 'single' })
export class GameServer {
  private readonly world = new World();
  private readonly observers = new Map<Robot, RemoteObject<Observer>>();

  @PyroMethod()
  register(name: string, observer: RemoteObject<Observer>, @Ctx() { daemon }: PyroContext): RemoteBot {
    if (this.observers.size === PLAYERS) {
      throw new PyroException('builtins.RuntimeError', ['signups are closed, try again later']);
    }
    const robot = this.world.place(name);
    this.observers.set(robot, observer);
    const bot = new RemoteBot(robot);
    daemon.register(bot);
    if (this.observers.size === PLAYERS) void this.play();
    return bot;
  }

  private async play(): Promise<void> {
    const { robots } = this.world;
    await this.tellAll((observer) => observer.start());
    for (let turn = 1; turn <= MAX_TURNS && robots.size > 1; turn++) {
      for (const robot of robots) {
        const death = robot.move();
        if (death) await this.kill(death.dead, death.killer);
        if (robots.size === 1) break;
      }
      await this.tellAll((observer, robot) => observer.world_update(turn, null, robot));
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
    const [strongest, ...others] = [...robots].sort((a, b) => b.strength - a.strength) as [Robot, ...Robot[]];
    for (const robot of others) await this.kill(robot, strongest);
    await this.tell(strongest, (observer) => observer.victory());
  }

  private async kill(dead: Robot, killer: Robot | null): Promise<void> {
    this.world.robots.delete(dead);
    await this.tell(dead, (observer) => observer.death(kwargs({ killer })));
  }

  private async tellAll(what: (observer: RemoteObject<Observer>, robot: Robot) => Promise<unknown>): Promise<void> {
    await Promise.all([...this.world.robots].map((robot) => this.tell(robot, (observer) => what(observer, robot))));
  }

  /** Ignores a client that has disconnected; its robot stops moving. */
  private async tell(robot: Robot, what: (observer: RemoteObject<Observer>) => Promise<unknown>): Promise<void> {
    await what(this.observers.get(robot)!).catch(() => undefined);
  }
}
