import { PyroContext, PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';
import { Database, type DatabaseConnection } from './database.js';

/** The name of the user, which the client sends in an annotation of every message. */
function currentUser(): string {
  return PyroContext.current()!.annotations.get('USER')!.toString();
}

/** One connection to the database for all clients: concurrent calls disturb each other. */
@PyroController({ name: 'example.usersession.singletondb', instanceMode: 'single' })
class SingletonDatabase {
  private readonly connection: DatabaseConnection;

  constructor(database: Database) {
    this.connection = database.connect();
  }

  @PyroMethod()
  store(key: string, value: unknown): Promise<void> {
    return this.connection.store(currentUser(), key, value);
  }

  @PyroMethod()
  retrieve(key: string): Promise<unknown> {
    return this.connection.retrieve(currentUser(), key);
  }
}

/** One connection to the database per session, for the user of the session. */
@PyroController({ name: 'example.usersession.sessiondb', instanceMode: 'session' })
class SessionboundDatabase {
  private readonly connection: DatabaseConnection;
  private readonly user = currentUser();

  constructor(database: Database) {
    this.connection = database.connect();
  }

  @PyroMethod()
  store(key: string, value: unknown): Promise<void> {
    return this.connection.store(this.user, key, value);
  }

  @PyroMethod()
  retrieve(key: string): Promise<unknown> {
    return this.connection.retrieve(this.user, key);
  }
}

const SESSIONS = '***** Multiple concurrent proxies on the Session-Bound Database';
const SINGLETON = '***** Multiple concurrent proxies on the Singleton Database';

/** Two threads print in any order, and store the same item; chance decides which of their calls collide on the singleton. */
function untangled(output: string): string {
  const [before, sessions] = output.split(SINGLETON)[0]!.split(SESSIONS) as [string, string];
  return [before, ...(sessions.match(/\[Thread-\d+\] num=10(?=[0-2])/g) ?? []).toSorted()].join('\n');
}

/** Two threads that should disturb each other may run one after the other on a busy machine. */
export default {
  alone: 'timed',
  async serve(stage) {
    await stage.nest({ providers: [Database, SingletonDatabase, SessionboundDatabase] });
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [
    {
      file: 'client.py',
      input: '\n\n',
      tracebacks: true,
      prints: [
        SESSIONS,
        SINGLETON,
        /RuntimeError: ERROR: concurrent connection access \((?:read|write)\) by multiple different threads/,
      ],
      normalize: untangled,
    },
  ],
} satisfies Example;
