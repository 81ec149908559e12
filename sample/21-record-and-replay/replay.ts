import { PyroProxy, type RemoteObject } from 'nestjs-pyro';
import { questionsTo } from './questions.js';
import { replayedError } from './recorder.js';
import { type AnswerLine, type ItemLine, type Line, readRecording, valueOf } from './recording.js';

/** The program asked something that the recording has no answer to. */
export class NotRecordedError extends Error {
  override readonly name = 'NotRecordedError';
}

/**
 * Stands for an instrument in a test, and answers from a recording. The same question gets the recorded answers one after the other;
 * different questions may come in any order.
 */
export class Replay<T> {
  /** A test injects this object in the place of the remote one. */
  readonly instrument: RemoteObject<T>;
  private readonly answers: AnswerLine[];
  private readonly items = new Map<number, ItemLine[]>();
  private readonly problems: string[] = [];

  constructor(private readonly path: string) {
    const lines = readRecording(path);
    this.answers = lines.filter((line): line is AnswerLine => 'id' in line);
    for (const line of lines.filter((any: Line): any is ItemLine => 'of' in any)) {
      const items = this.items.get(line.of);
      if (items === undefined) this.items.set(line.of, [line]);
      else items.push(line);
    }
    // it never connects
    const nowhere = PyroProxy.to<T>('PYRO:recording@localhost:1');
    this.instrument = questionsTo(nowhere, (question) => this.answer(question));
  }

  /**
   * For the end of a test.
   *
   * @throws {NotRecordedError} when something was asked that was not recorded, also if the program caught that error; or when an answer
   *   was not asked for
   */
  assertComplete(): void {
    const unasked = this.answers.map(({ ask }) => `${ask} was recorded and not asked`);
    const problems = [...this.problems, ...unasked];
    if (problems.length > 0) throw new NotRecordedError(problems.join('\n'));
  }

  private async answer(question: string): Promise<unknown> {
    const index = this.answers.findIndex(({ ask }) => ask === question);
    if (index < 0) throw this.notRecorded(question);
    const [{ id, result, error }] = this.answers.splice(index, 1) as [AnswerLine];
    if (error !== undefined) throw replayedError(error);
    return result === undefined ? this.stream(question, id) : valueOf(result);
  }

  private async *stream(question: string, id: number): AsyncGenerator<unknown> {
    const lines = this.items.get(id) ?? [];
    for (const { item, error, end } of lines) {
      if (error !== undefined) throw replayedError(error);
      if (end === 'done') return;
      if (item !== undefined) yield valueOf(item);
    }
    const count = lines.filter(({ item }) => item !== undefined).length;
    throw this.notRecorded(`item ${count + 1} of ${question}`);
  }

  private notRecorded(question: string): NotRecordedError {
    const left = this.answers.map(({ ask }) => ask).join('; ') || 'nothing';
    const problem = `${question} was not recorded in ${this.path}, which still has: ${left}. Record it again with the instrument`;
    this.problems.push(problem);
    return new NotRecordedError(problem);
  }
}
