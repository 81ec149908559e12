import { Inject } from '@nestjs/common';
import { NdArray, PyroController, PyroMethod, type RemoteObject } from 'nestjs-pyro';
import { CAMERA, type Camera } from './camera.js';

interface Statistics {
  number: number;
  mean: number;
  most: number;
}

/** Statistics and pictures of the camera's frames. */
@PyroController({ objectId: 'example.frames', instanceMode: 'single' })
export class Frames {
  /** Where the page is. */
  page = '';
  private latest: NdArray<'uint8'> | undefined;

  constructor(@Inject(CAMERA) private readonly camera: RemoteObject<Camera>) {}

  /** Follows the camera: each frame is fetched when the client asks for its statistics. */
  @PyroMethod()
  async *watch(count: number): AsyncGenerator<Statistics> {
    let number = 0;
    for await (const frame of await this.camera.frames(count)) {
      if (!frame.is('uint8')) throw new TypeError(`a camera of uint8 is needed, this one has ${frame.dtype}`);
      this.latest = frame;
      const pixels = frame.data;
      let sum = 0;
      let most = 0;
      for (const pixel of pixels) {
        sum += pixel;
        if (pixel > most) most = pixel;
      }
      yield { number: ++number, mean: sum / pixels.length, most };
    }
  }

  @PyroMethod()
  pageUrl(): string {
    return this.page;
  }

  /** A square of the latest frame: a view on it, which is copied only into the reply. */
  @PyroMethod()
  region(row: number, column: number, size: number): NdArray {
    if (this.latest === undefined) throw new RangeError('no frame has come yet: call watch first');
    return this.latest.slice([row, row + size], [column, column + size]);
  }

  /** Takes an array as well as nested lists. */
  @PyroMethod()
  scaled(values: NdArray, factor: number): NdArray {
    return NdArray.from(
      Float32Array.from(values as Iterable<number>, (value) => value * factor),
      { shape: values.shape },
    );
  }
}
