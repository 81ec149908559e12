import { run } from '../scripts/program.js';
import { cached } from './cache-directory.js';

/** Pyrolite, Pyro5's client for Java, with its dependency. */
const ARTIFACTS = ['net.razorvine:pyrolite:5.1', 'net.razorvine:serpent:1.40'];
const MAVEN_TIMEOUT_MS = 300_000;

/**
 * Finds a Java that compiles, and brings Pyrolite by Maven into the user's cache.
 *
 * @returns the class path; undefined, after a warning, on a machine without JDK 17 or later, or without Maven
 */
export async function findPyrolite(): Promise<string | undefined> {
  try {
    await run('javac', ['--version'], { timeoutMs: MAVEN_TIMEOUT_MS });
    const directory = await cached('pyrolite-5.1', 'pyrolite-5.1.jar', async (workspace) => {
      for (const artifact of ARTIFACTS) {
        const args = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${workspace}`];
        await run('mvn', args, { cwd: workspace, timeoutMs: MAVEN_TIMEOUT_MS });
      }
      return workspace;
    });
    return `${directory}/*`;
  } catch (error) {
    const text = 'the test with Pyrolite needs a JDK (17 or later) and Maven: apt install default-jdk-headless maven';
    console.warn(`\nSKIPPED: ${text}\n${(error as Error).message}\n`);
    return undefined;
  }
}
