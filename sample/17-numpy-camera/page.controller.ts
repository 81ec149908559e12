import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Header, Inject, type MessageEvent, ServiceUnavailableException, Sse } from '@nestjs/common';
import type { NdArray, RemoteObject } from 'nestjs-pyro';
import { catchError, defer, endWith, finalize, from, type Observable, of, repeat, switchMap } from 'rxjs';
import { CAMERA, type Camera } from './camera.js';
import { PAGE, SCRIPT, STYLE } from './page.js';

/** Scripts, styles and requests of this origin only. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FRAMES = 1_000;
const PAUSE_MS = 100;
/** The next stream is opened so long after one has ended or failed. */
const AGAIN_MS = 1_000;
/** Browsers at a time: each has a stream of its own. */
const MAX_VIEWERS = 20;
/** So many characters wait for a browser that does not read. Then it is disconnected, and connects again. */
const MAX_PENDING = 1_000_000;

/** A page that shows the frames of the camera. */
@Controller()
export class PageController {
  private viewers = 0;

  constructor(@Inject(CAMERA) private readonly camera: RemoteObject<Camera>) {}

  @Get()
  @Header('Content-Security-Policy', POLICY)
  @Header('X-Content-Type-Options', 'nosniff')
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }

  @Get('page.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(): string {
    return SCRIPT;
  }

  @Get('page.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return STYLE;
  }

  /**
   * Server-sent events: frames, and states of the camera. When the browser leaves, the stream of the camera is closed, even if the camera is
   * silent.
   */
  @Sse('frames', { maxPendingDataLength: MAX_PENDING })
  frames(): Observable<MessageEvent> {
    if (this.viewers >= MAX_VIEWERS) throw new ServiceUnavailableException(`${MAX_VIEWERS} browsers are connected already`);
    return defer(() => {
      this.viewers += 1;
      return this.stream();
    }).pipe(finalize(() => (this.viewers -= 1)));
  }

  /** The streams of the camera, one after the other. */
  private stream(): Observable<MessageEvent> {
    return defer(() => this.camera.frames(FRAMES)).pipe(
      switchMap((stream) => from(this.events(stream)).pipe(finalize(() => void stream.return().catch(() => {})))),
      endWith(stateOf('the stream has ended, the next one begins soon')),
      catchError((error: Error) => of(stateOf(`the camera does not answer: ${error.message}`))),
      repeat({ delay: AGAIN_MS }),
    );
  }

  private async *events(stream: AsyncIterable<NdArray>): AsyncGenerator<MessageEvent> {
    for await (const frame of stream) {
      if (!frame.is('uint8')) throw new TypeError(`a camera of uint8 is needed, this one has ${frame.dtype}`);
      // every second row and column: a view, of which the bytes are taken
      const small = frame.slice([null, null, 2], [null, null, 2]);
      const [height, width] = small.shape;
      const pixels = Buffer.from(Uint8Array.from(small as Iterable<number>)).toString('base64');
      yield { data: { width, height, pixels } };
      await sleep(PAUSE_MS);
    }
  }
}

function stateOf(data: string): MessageEvent {
  return { type: 'state', data };
}
