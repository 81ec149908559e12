import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Test } from '@nestjs/testing';
import { Replay } from './replay.js';
import { SPECTROMETER, type Spectrometer } from './spectrometer.js';
import { Survey } from './survey.object.js';

/** The recording of the tests. */
const TEST_RECORDING = 'sample/21-record-and-replay/spectrometer.jsonl';

// the recording that the app has just made, without the instrument
const recording = process.argv[2]!.split(' ')[1]!;
const replay = new Replay<Spectrometer>(recording);
const module = await Test.createTestingModule({
  providers: [Survey, { provide: SPECTROMETER, useValue: replay.instrument }],
}).compile();
const survey = module.get(Survey);
console.log(`instrument: ${await survey.instrument()}`);
console.log(`gain: ${await survey.raiseGain()}`);
console.log(`brightest: ${String(await survey.brightest(449, 600, 5000))}`);
console.log(`sees 1200 nm: ${await survey.canSee(1200)}`);
replay.assertComplete();
console.log('every recorded answer was asked for');

const isSame = readFileSync(recording, 'utf8') === readFileSync(TEST_RECORDING, 'utf8');
console.log(`the instrument ${isSame ? 'still answers' : 'no longer answers'} as in the recording of the tests`);
