/** Tags of a record. Counts how often somebody asks whether some record has a tag. */
export class CountedTags extends Set<string> {
  static looks = 0;

  override has(tag: string): boolean {
    CountedTags.looks++;
    return super.has(tag);
  }
}
