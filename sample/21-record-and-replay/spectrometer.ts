/** The Python object, as TypeScript sees it. */
export interface Spectrometer {
  gain: number;
  identify(): { model: string; serial: bigint; calibration: Buffer };
  measure(nanometres: number, averages?: number): Reading;
  scan(start: number, stop: number, step: number): Iterator<Reading>;
}

/** Wavelength and counts: a tuple in Python. The counts are nan where the detector sees nothing. */
export type Reading = [nanometres: number, counts: number];

/** The token by which the spectrometer is injected. */
export const SPECTROMETER = Symbol('spectrometer');
