import type { PyroConfig } from '../options/config-items.js';
import { environmentConfig } from '../options/environment.js';
import { lineWriter } from '../reports/standard-output.js';
import { logFileAt } from './log-file.js';
import type { LogEntry, PyroLogger, PyroLogLevel } from './log-entry.js';

/** Python's numbers of its levels. */
const PYTHON_LEVELS = { NOTSET: 0, DEBUG: 10, INFO: 20, WARN: 30, WARNING: 30, ERROR: 40, FATAL: 50, CRITICAL: 50 } as const;

const LEVELS: Record<PyroLogLevel, 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

const DEFAULT_FILE = 'pyro5.log';
const STDERR = '{stderr}';

/**
 * The logger that `PYRO_LOGLEVEL` switches on, with the file of `PYRO_LOGFILE` (`pyro5.log`, or `{stderr}`) and the lines of Pyro5's own log.
 *
 * @returns undefined when `PYRO_LOGLEVEL` is not set or empty
 * @see Pyro5/__init__.py, `__configure_logging`
 */
export function environmentLogger(config: PyroConfig = environmentConfig()): PyroLogger | undefined {
  const { LOGLEVEL, LOGFILE = DEFAULT_FILE } = config;
  if (LOGLEVEL === undefined || LOGLEVEL === '') return undefined;
  const least = PYTHON_LEVELS[LOGLEVEL];
  let write: ((line: string) => void) | undefined;
  const writerAt = (level: PyroLogLevel): PyroLogger[PyroLogLevel] => {
    const name = LEVELS[level];
    if (PYTHON_LEVELS[name] < least) return () => undefined;
    return (entry) => {
      write ??= writerTo(LOGFILE);
      write(lineOf(name, entry));
    };
  };
  return { debug: writerAt('debug'), info: writerAt('info'), warn: writerAt('warn'), error: writerAt('error') };
}

function writerTo(path: string): (line: string) => void {
  if (path === STDERR) return lineWriter(process.stderr);
  const file = logFileAt(path);
  return (line) => file.write(`${line}\n`);
}

/** `[2026-11-28 10:00:00.000,nestjs-pyro,INFO] text`, in local time. */
function lineOf(level: string, entry: LogEntry): string {
  const now = new Date();
  const two = (number: number): string => String(number).padStart(2, '0');
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join(':');
  return `[${date} ${time}.${String(now.getMilliseconds()).padStart(3, '0')},nestjs-pyro,${level}] ${String(entry)}`;
}
