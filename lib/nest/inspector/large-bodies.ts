import type { HttpServer } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Inspector } from '../../inspector/inspector.js';

/** Largest body that Express reads unless the application says otherwise: `100kb`. */
const EXPRESS_LIMIT = 100 * 1024;

/** The part of a route of Fastify that is changed. @see https://fastify.dev/docs/latest/Reference/Hooks/#onroute */
interface FastifyRoute {
  readonly url: string;
  bodyLimit?: number;
  onRequest?: unknown;
}

interface FastifyInstance {
  readonly initialConfig: { readonly bodyLimit?: number };
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}

type BodyReader = Pick<Inspector, 'maxBodyBytes' | 'readBody'>;

/**
 * Lets `maxBodyBytes` decide about the bodies of the inspector, also above the limit of the platform: the parsers of Express and Fastify
 * would refuse such a body without naming the option. As by these parsers, a body is read before guards are asked.
 *
 * Called before the application has routes and parsers. An application of `Test.createTestingModule` gets its adapter later, so there the limit
 * of the platform holds.
 *
 * @param path of the inspector, below all prefixes
 */
export function takeLargeBodies(adapter: HttpServer | undefined, inspector: BodyReader, path: string): void {
  const ends = ['call', 'stream'].map((action) => `/${path === '' ? '' : `${path}/`}${action}`);
  const isOwn = (url: string): boolean => ends.some((end) => (path === '' ? url === end : url.endsWith(end)));
  const platform = adapter?.getType();
  if (platform === 'express') takeBodiesOfExpress(adapter!, inspector, isOwn);
  if (platform === 'fastify') takeBodiesOfFastify(adapter!.getInstance() as FastifyInstance, inspector, isOwn);
}

function takeBodiesOfExpress(adapter: HttpServer, inspector: BodyReader, isOwn: (url: string) => boolean): void {
  adapter.use((request: IncomingMessage & { body?: unknown }, response: ServerResponse, next: () => void) => {
    if (request.method !== 'POST' || lengthOf(request) <= EXPRESS_LIMIT || !isOwn(request.url!.split('?', 1)[0]!)) return next();
    // parsers pass a request over whose body was read
    void inspector.readBody(request, response).then((body) => {
      if (body === undefined) return;
      request.body = body;
      next();
    });
  });
}

function takeBodiesOfFastify(instance: FastifyInstance, inspector: BodyReader, isOwn: (url: string) => boolean): void {
  instance.addHook('onRoute', (route) => {
    if (!isOwn(route.url)) return;
    const limit = Math.max(inspector.maxBodyBytes, route.bodyLimit ?? instance.initialConfig.bodyLimit ?? 0);
    route.bodyLimit = limit;
    route.onRequest = [
      (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): void }, done: () => void) => {
        if (lengthOf(request.raw) <= limit) return done();
        reply.hijack();
        void inspector.readBody(request.raw, reply.raw);
      },
      ...[route.onRequest ?? []].flat(),
    ];
  });
}

/** The length that a request says; 0 when it says none. */
function lengthOf({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}
