import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotRecordedError, Replay } from './replay.js';
import { SPECTROMETER, type Spectrometer } from './spectrometer.js';
import { Survey } from './survey.object.js';

const RECORDING = 'sample/21-record-and-replay/spectrometer.jsonl';

describe('Survey, without the spectrometer', () => {
  let replay: Replay<Spectrometer>;
  let survey: Survey;

  beforeEach(async () => {
    replay = new Replay(RECORDING);
    const testing = await Test.createTestingModule({
      providers: [Survey, { provide: SPECTROMETER, useValue: replay.instrument }],
    }).compile();
    survey = testing.get(Survey);
  });

  describe('asks what was recorded', () => {
    // finds what a program asked and caught, and what it no longer asks
    afterEach(() => replay.assertComplete());

    it('the survey names the instrument, and finds its highest gain and the brightest line', async () => {
      expect(await survey.instrument()).toBe('SP-1 1152921504606846977, calibration 0102ff');
      expect(await survey.raiseGain()).toBe(8);
      expect(await survey.brightest(449, 600, 5_000)).toEqual([454, 5_616]);
      expect(await survey.canSee(1_200)).toBe(false);
    });
  });

  describe('asks something else', () => {
    it('the replay fails at a call with other arguments, and says what was recorded', async () => {
      await expect(survey.canSee(1_300)).rejects.toThrow(
        /^measure\(1300\) was not recorded in .*spectrometer.jsonl, which still has: identify\(\); .*; measure\(1200\)\. Record it again/,
      );
    });

    it('the replay fails at a keyword argument that was not recorded', async () => {
      await expect(replay.instrument.measure(454)).rejects.toThrow('measure(454) was not recorded');
      expect(await replay.instrument.measure(1_200)).toEqual([1_200, NaN]);
    });

    it('the replay fails at the first item that was not recorded', async () => {
      await expect(survey.brightest(449, 600, 9_000)).rejects.toThrow('item 7 of scan(449, 600, 1) was not recorded');
    });

    it('the replay fails at the end of the test if the program catches the error', async () => {
      await survey.canSee(1_300).catch(() => false);
      expect(() => replay.assertComplete()).toThrow(NotRecordedError);
      expect(() => replay.assertComplete()).toThrow('measure(1300) was not recorded');
    });

    it('the replay fails at the end of the test if a recorded answer was not asked for', async () => {
      await survey.instrument();
      expect(() => replay.assertComplete()).toThrow('gain = 2 was recorded and not asked');
    });
  });
});
