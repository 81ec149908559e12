import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Header, Inject, type MessageEvent, Sse } from '@nestjs/common';
import type { RemoteObject } from 'nestjs-pyro';
import { from, type Observable } from 'rxjs';
import { CAMERA, type Camera } from './camera.js';
import { PAGE, SCRIPT, STYLE } from './page.js';

/** Scripts, styles and requests of this origin only. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FRAMES = 1_000;
const PAUSE_MS = 100;

/** A page that shows the frames of the camera. */
@Controller()
export class PageController {
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

  /** Server-sent events, each a frame. When the browser leaves, the stream of the camera is closed. */
  @Sse('frames')
  frames(): Observable<MessageEvent> {
    return from(this.events());
  }

  private async *events(): AsyncGenerator<MessageEvent> {
    for await (const frame of await this.camera.frames(FRAMES)) {
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
