import { ensurePythonEnv } from './python-env.js';

/** Makes the Python environment once, before any worker starts; the workers take it from `NESTJS_PYRO_PYTHON`. */
export default async function setup(): Promise<void> {
  process.env.NESTJS_PYRO_PYTHON = await ensurePythonEnv();
}
