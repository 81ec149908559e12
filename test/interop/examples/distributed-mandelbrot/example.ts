import { PyComplex, PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

const MAX_ITERATIONS = 500;

@PyroController({ name: 'mandelbrot_1', metadata: ['class:mandelbrot_calc'] })
class Mandelbrot {
  @PyroMethod()
  calc_line(start: PyComplex, resX: number, ii: number, dr: number, lineNumber: number): [number, string] {
    let line = '';
    for (let r = 1; r <= resX; r++) {
      const iterations = iterationsOf(start.real + r * dr, start.imag + ii);
      line += iterations >= MAX_ITERATIONS ? ' ' : String.fromCodePoint((iterations % 64) + 32);
    }
    return [lineNumber, line];
  }
}

function iterationsOf(real: number, imaginary: number): number {
  let [x, y] = [real, imaginary];
  for (let n = 0; n < MAX_ITERATIONS; n++) {
    if (x * x + y * y > 4) return n;
    [x, y] = [x * x - y * y + real, 2 * x * y + imaginary];
  }
  return MAX_ITERATIONS;
}

/** The first picture of the animation: what is between the first two headings. */
function firstFrame(output: string): string {
  return /FPS time=.*\n([^\u001B]*)\u001B/.exec(output)?.[1] ?? `no picture in ${output}`;
}

/** Complex numbers, batches of calls, and objects found by their metadata. The animation is stopped behind its first pictures. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [Mandelbrot] });
  },
  original: [{ file: 'server.py', args: ['1'], ready: 'Mandelbrot calculation server #1 ready.' }],
  scripts: [
    {
      file: 'client_asciizoom.py',
      until: /FPS time=[^]*FPS time=/,
      prints: ['1 mandelbrot calculation servers found.'],
      normalize: firstFrame,
      // what is drawn depends on the time when it is drawn
      alike: 0.9,
    },
  ],
} satisfies Example;
