/** Most entries of a batch that have a record of their own. An entry takes a few bytes on the wire, and its record a thousand. */
const MAX_RECORDS = 100;

/** Says which entries of one batch have a record of their own, a line of a log or a span: the first 100. */
export class BatchRecords {
  /** Entries that have none. */
  leftOut = 0;
  private records = 0;

  /** Counts an entry. False: the entry has no record. */
  take(): boolean {
    if (this.records < MAX_RECORDS) {
      this.records++;
      return true;
    }
    this.leftOut++;
    return false;
  }
}
