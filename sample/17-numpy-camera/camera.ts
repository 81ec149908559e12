import type { NdArray } from 'nestjs-pyro';

/** The token by which the camera is injected. */
export const CAMERA = Symbol('camera');

/** The Python object of `server.py`. */
export interface Camera {
  frames(count: number): Iterator<NdArray>;
}
