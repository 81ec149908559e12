/** The Python object as it is over there; calls of a `RemoteObject<Spectrometer>` return promises. */
export interface Spectrometer {
  gain: number;
  measure(nanometres: number, averages?: number): Reading;
  scan(start: number, stop: number, step: number): Iterator<Reading>;
}

export interface Reading {
  wavelength: number;
  counts: number;
  averages: number;
}

/** What it is injected by. */
export const SPECTROMETER = Symbol('SPECTROMETER');
