import { PyroContext, PyroController, PyroMethod, pyTuple, type PyTuple } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

let made = 0;

/** One instance for the whole daemon. */
@PyroController({ name: 'instance.single', instanceMode: 'single' })
class SingleInstance {
  private readonly id = ++made;

  @PyroMethod()
  msg(_message: string): number {
    return this.id;
  }
}

/** One instance per connection. It remembers the call that created it. */
@PyroController({ name: 'instance.session', instanceMode: 'session' })
class SessionInstance {
  private readonly id = ++made;
  private readonly correlationId = PyroContext.current()!.correlationId;

  @PyroMethod()
  msg(_message: string): PyTuple {
    return pyTuple(this.id, this.correlationId);
  }
}

/** A new instance for every call. */
@PyroController({ name: 'instance.percall', instanceMode: 'percall' })
class PercallInstance {
  private readonly id = ++made;

  @PyroMethod()
  msg(_message: string): number {
    return this.id;
  }
}

/** Numbers the instances in order of their first appearance, because Python may reuse the id of a deleted instance. */
function numbered(output: string): string {
  const [head, percall, ...rest] = output.split(/^(?=-----)/m) as [string, string, ...string[]];
  const seen: string[] = [];
  const number = (id: string): string => {
    if (!seen.includes(id)) seen.push(id);
    return `instance ${seen.indexOf(id) + 1}`;
  };
  const kept = rest.map((section) => {
    seen.length = 0;
    return section.replaceAll(/^(?:\(.*\)|\d+)$/gm, number);
  });
  return [head, percall.replaceAll(/^\d+$/gm, 'an instance'), ...kept].join('');
}

export default {
  async serve(stage) {
    await stage.nest({ providers: [SingleInstance, SessionInstance, PercallInstance] });
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [{ file: 'client.py', normalize: numbered }],
} satisfies Example;
