import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import fc from 'fast-check';
import { beforeEach, expect, it, vi } from 'vitest';
import { PythonException } from '../../../../lib/core.js';
import { toPythonError } from '../../../../lib/nest/errors/python-error.js';
import { RemoteFailure, type ScriptedPeer } from '../../../../lib/testing/index.js';
import { joinServer } from '../fixtures.js';
import { type ApplicationSpec, type EnhancersSpec, type MethodSpec, startGenerated } from './generated-application.js';
import {
  CAUGHT,
  ERRORS,
  FACTORIES,
  FILTERS,
  GUARDS,
  HOOKS,
  INTERCEPTORS,
  METHODS,
  PIPES,
  type Spec,
  store,
  trace,
} from './generated-steps.js';
import type { ReferenceStrategy } from './reference-strategy.js';

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 60) };
const TIMEOUT_MS = 30_000 + RUNS.numRuns * 2_000;

/** The error that Nest's default filter got last. Its answer says only "Internal server error". */
let unfiltered: { readonly error: unknown } | undefined;

beforeEach(() => {
  const { prototype } = BaseRpcExceptionFilter;
  const { catch: takeError } = prototype;
  const spy = vi.spyOn(prototype, 'catch').mockImplementation(function (this: BaseRpcExceptionFilter, error, host) {
    unfiltered = { error };
    return takeError.call(this, error, host);
  });
  return () => spy.mockRestore();
});

interface Outcome {
  readonly steps: readonly string[];
  readonly result?: unknown;
  readonly error?: { readonly type: string; readonly text: string };
}

/** Steps that come after the answer: the longest chain of timers of one call. */
async function untilQuiet(): Promise<void> {
  for (let round = 0; round < 12; round++) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function outcomeOf(call: () => Promise<unknown>, describeError: (error: unknown) => Outcome['error']): Promise<Outcome> {
  unfiltered = undefined;
  trace.length = 0;
  const answer = await call().then(
    (result) => ({ result: result ?? null }),
    (error: unknown) => ({ error: describeError(error) }),
  );
  await untilQuiet();
  return { steps: trace.splice(0), ...answer };
}

function outcomeOfNest(reference: ReferenceStrategy, method: string, args: unknown[]): Promise<Outcome> {
  return outcomeOf(
    () => store.run('', () => reference.call(method, args)),
    (error) => describeNestError(unfiltered ? unfiltered.error : error),
  );
}

/** The text that clients of Pyro get for an error that leaves Nest's filters. */
function describeNestError(error: unknown): Outcome['error'] {
  // the refusal of a guard is documented as a PermissionError
  if (error instanceof RpcException && error.message === 'Forbidden resource')
    return { type: 'builtins.PermissionError', text: error.message };
  const mapped = toPythonError(error);
  if (mapped instanceof PythonException) return { type: mapped.pythonType, text: mapped.args.join() };
  const type = error instanceof RangeError ? 'ValueError' : error instanceof TypeError ? 'TypeError' : 'RuntimeError';
  return { type: `builtins.${type}`, text: (error as Error).message };
}

function outcomeOfPyro(peer: ScriptedPeer, method: string, args: unknown[]): Promise<Outcome> {
  return outcomeOf(
    () => peer.call('generated', method, ...args),
    (error) => {
      if (!(error instanceof RemoteFailure)) throw error;
      // the messages of pipes get the name of the argument
      return { type: error.pythonType, text: error.args.join().replace(/^(first|second): /, '') };
    },
  );
}

/**
 * Makes the outcomes comparable where steps run at the same time. In Nest these take turns at every microtask; here nothing waits
 * where nothing is to be waited for.
 */
function comparable({ app, global, controller, methods: each }: ApplicationSpec, index: number): (outcome: Outcome) => Outcome {
  const method = each[index]!;
  const levels = [app, global, controller, method];
  const runsTwice = levels.some(({ interceptors }) => interceptors.some(({ how }) => how === 'subscribes before'));
  if (runsTwice) return (outcome) => ({ ...outcome, steps: outcome.steps.toSorted() });
  const values = [
    ...levels.flatMap(({ pipes }) => pipes),
    ...method.first,
    ...method.second,
    ...(method.factory ? [method.factory] : []),
  ];
  if (!values.some(isFailing)) return (outcome) => outcome;
  // the pipes of the other arguments run on while the error is answered
  const isPipe = (step: string): boolean => step.startsWith('pipe ');
  return (outcome) => ({
    ...outcome,
    steps: [...outcome.steps.filter((step) => !isPipe(step)), ...outcome.steps.filter(isPipe)],
  });
}

/** Behind pre-request hooks and a guard with a promise, an Observable is subscribed to without the stores that interceptors enter. */
function withoutStores(spec: ApplicationSpec): ApplicationSpec {
  const without = <Level extends EnhancersSpec>(level: Level): Level => ({
    ...level,
    interceptors: level.interceptors.filter(({ how }) => how !== 'enters a store'),
  });
  const { app, global, controller, methods: each } = spec;
  return { ...spec, app: without(app), global: without(global), controller: without(controller), methods: each.map(without) };
}

const isFailing = ({ how }: Spec<string>): boolean => how === 'throws' || how === 'rejects';

const specOf = <How extends string>(hows: readonly How[]): fc.Arbitrary<Spec<How>> =>
  fc.record({
    // the first way is the usual one: else most calls would end at their first guard
    how: fc.oneof({ arbitrary: fc.constant(hows[0]!), weight: 2 }, { arbitrary: fc.constantFrom(...hows), weight: 3 }),
    error: fc.constantFrom(...ERRORS),
    isScoped: fc.oneof({ arbitrary: fc.constant(false), weight: 9 }, { arbitrary: fc.constant(true), weight: 1 }),
  });

const listOf = <T>(item: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> => fc.array(item, { maxLength: most });

const enhancersOf = (most: number): fc.Arbitrary<EnhancersSpec> =>
  fc.record({
    guards: listOf(specOf(GUARDS), most),
    interceptors: listOf(specOf(INTERCEPTORS), most),
    pipes: listOf(specOf(PIPES), most),
    filters: listOf(
      fc.tuple(specOf(FILTERS), fc.constantFrom(...CAUGHT)).map(([spec, caught]) => ({ ...spec, caught })),
      most,
    ),
  });

const methods: fc.Arbitrary<MethodSpec> = fc
  .tuple(
    enhancersOf(2),
    fc.record({
      method: specOf(METHODS),
      factory: fc.option(specOf(FACTORIES), { nil: undefined }),
      first: listOf(specOf(PIPES), 2),
      second: listOf(specOf(PIPES), 2),
    }),
  )
  .map(([enhancers, method]) => ({ ...enhancers, ...method }));

const applications: fc.Arbitrary<ApplicationSpec> = fc
  .record({
    instanceMode: fc.constantFrom('single', 'session', 'percall'),
    app: enhancersOf(1),
    global: enhancersOf(1),
    controller: enhancersOf(1),
    methods: fc.array(methods, { minLength: 1, maxLength: 3 }),
    hooks: fc.oneof(
      { arbitrary: fc.constant<ApplicationSpec['hooks']>([]), weight: 3 },
      { arbitrary: listOf(fc.constantFrom(...HOOKS), 2), weight: 1 },
    ),
  })
  .map((spec) => ({ ...spec, methods: spec.methods.map((method) => withOneFailure(method, spec)) }))
  .map((spec) => (isScoped(spec) ? { ...spec, hooks: spec.hooks.filter((how) => how !== 'enters a store') } : spec))
  .map((spec) => (spec.hooks.length > 0 ? withoutStores(spec) : spec));

/** Nest loses the stores that pre-request hooks enter when the controller or an enhancer is made for each call. */
function isScoped({ instanceMode, app, controller, methods: each }: ApplicationSpec): boolean {
  const pipes = each.flatMap(({ first, second }) => [...first, ...second]);
  const enhancers = [app, controller, ...each].flatMap((level) => [
    ...level.guards,
    ...level.interceptors,
    ...level.filters,
    ...level.pipes,
  ]);
  return instanceMode !== 'single' || [...pipes, ...enhancers].some((spec) => spec.isScoped);
}

/** When a pipe and the factory of a decorator both fail, Nest takes the error that went through fewer microtasks. */
function withOneFailure(method: MethodSpec, { app, global, controller }: Omit<ApplicationSpec, 'methods'>): MethodSpec {
  const pipes = [app, global, controller, method].flatMap((level) => level.pipes).concat(method.first, method.second);
  return pipes.some(isFailing) && method.factory ? { ...method, factory: { ...method.factory, how: 'value' } } : method;
}

it(
  'calls take the same steps, with the same result or error, as in Nest’s own pipeline',
  async () => {
    await fc.assert(
      fc.asyncProperty(applications, async (spec) => {
        const { app, reference, server } = await startGenerated(spec);
        try {
          const peer = await joinServer(server, 'generated');
          for (const index of spec.methods.keys()) {
            const args = ['a', index];
            const inOrder = comparable(spec, index);
            const nest = inOrder(await outcomeOfNest(reference, `method${index}`, args));
            expect(inOrder(await outcomeOfPyro(peer, `method${index}`, args))).toEqual(nest);
          }
        } finally {
          await app.close();
        }
      }),
      RUNS,
    );
  },
  TIMEOUT_MS,
);

it('a call with two arguments whose pipes fail has the error that Nest answers', async () => {
  const none = { guards: [], interceptors: [], pipes: [], filters: [] };
  const specsOf = <How extends string>(hows: readonly How[]): Spec<How>[] =>
    hows.map((how) => ({ how, error: 'plain', isScoped: false }));
  const passing = [[], ['same', 'same']] as const;
  const failing = [
    ['throws'],
    ['rejects'],
    ...(['same', 'promise', 'thenable', 'late promise'] as const).flatMap((how) => [
      [how, 'throws'] as const,
      [how, 'rejects'] as const,
    ]),
    ['same', 'same', 'throws'],
    ['same', 'promise', 'rejects'],
  ] as const;
  const [method] = specsOf(['returns'] as const);
  const pairs: MethodSpec[] = [...passing, ...failing].flatMap((first) =>
    failing.map((second) => ({ ...none, method: method!, factory: undefined, first: specsOf(first), second: specsOf(second) })),
  );
  const spec: ApplicationSpec = { instanceMode: 'single', app: none, global: none, controller: none, methods: pairs, hooks: [] };
  const { app, reference, server } = await startGenerated(spec);
  try {
    const peer = await joinServer(server, 'generated');
    for (const index of pairs.keys()) {
      const inOrder = comparable(spec, index);
      const nest = inOrder(await outcomeOfNest(reference, `method${index}`, ['a', 'b']));
      expect(nest.error).toBeDefined();
      expect(inOrder(await outcomeOfPyro(peer, `method${index}`, ['a', 'b']))).toEqual(nest);
    }
  } finally {
    await app.close();
  }
});
