import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Header, type MessageEvent, ServiceUnavailableException, Sse, StreamableFile } from '@nestjs/common';
import { defer, finalize, interval, map, merge, type Observable, throttleTime } from 'rxjs';
import { InstrumentMonitor } from './instrument.monitor.js';

/** The files that browsers get. Programs of samples run in the root of the project. */
const PAGE_DIRECTORY = process.env.PAGE_DIRECTORY ?? 'sample/18-lab-dashboard/page';
/** Scripts and styles come from this server only, and none stands in the page itself. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const MAX_VIEWERS = 50;
const SHORTEST_INTERVAL_MS = 100;
/** Proxies end connections on which nothing is sent. */
const HEARTBEAT_MS = 15_000;
/** So many characters wait for a viewer that does not read. Then it is disconnected, and its browser connects again. */
const MAX_PENDING = 64 * 1_024;

@Controller()
export class DashboardController {
  private viewers = 0;

  constructor(private readonly monitor: InstrumentMonitor) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', CONTENT_SECURITY_POLICY)
  @Header('x-content-type-options', 'nosniff')
  page(): StreamableFile {
    return this.file('dashboard.html');
  }

  @Get('dashboard.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('x-content-type-options', 'nosniff')
  script(): StreamableFile {
    return this.file('dashboard.js');
  }

  @Get('dashboard.css')
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('x-content-type-options', 'nosniff')
  style(): StreamableFile {
    return this.file('dashboard.css');
  }

  /** Each event has the status of all instruments, so a browser that connects again has missed nothing. */
  @Sse('events', { maxPendingDataLength: MAX_PENDING })
  events(): Observable<MessageEvent> {
    if (this.viewers >= MAX_VIEWERS) throw new ServiceUnavailableException(`${MAX_VIEWERS} browsers are connected already`);
    const statuses = this.monitor.changes.pipe(
      throttleTime(SHORTEST_INTERVAL_MS, undefined, { leading: true, trailing: true }),
      map((instruments): MessageEvent => ({ data: { instruments } })),
    );
    const heartbeats = interval(HEARTBEAT_MS).pipe(map((): MessageEvent => ({ type: 'heartbeat', data: '' })));
    return defer(() => {
      this.viewers += 1;
      return merge(statuses, heartbeats);
    }).pipe(finalize(() => (this.viewers -= 1)));
  }

  private file(name: string): StreamableFile {
    return new StreamableFile(createReadStream(join(PAGE_DIRECTORY, name)));
  }
}
