import type { CachedAnswer } from "./cached-answer.ts";

/**
 * Answers in memory, bounded by bytes. Eviction gives every entry a second chance: a hit sets a mark and moves nothing, which costs less than
 * keeping an exact order on each of 90,000 hits a second.
 */
export class AnswerCache {
  private readonly answers = new Map<string, CachedAnswer>();
  private sizeBytes = 0;
  private addedSinceCount = 0;

  constructor(private readonly limitBytes: number) {}

  get size(): number {
    return this.answers.size;
  }

  get(key: string): CachedAnswer | undefined {
    const answer = this.answers.get(key);
    if (answer !== undefined) answer.used = true;
    return answer;
  }

  set(key: string, answer: CachedAnswer): void {
    this.answers.delete(key);
    this.answers.set(key, answer);
    this.sizeBytes += answer.sizeBytes;
    // Sizes grow when codings and serialised forms are made, and replaced answers go: count anew now and then.
    if (++this.addedSinceCount >= 64 || this.sizeBytes > this.limitBytes) this.trim();
  }

  delete(key: string): void {
    this.answers.delete(key);
  }

  /** Drops every answer whose key begins with `prefix`. */
  deletePrefix(prefix: string): void {
    for (const key of this.answers.keys()) if (key.startsWith(prefix)) this.answers.delete(key);
  }

  private trim(): void {
    this.addedSinceCount = 0;
    this.sizeBytes = 0;
    for (const answer of this.answers.values()) this.sizeBytes += answer.sizeBytes;
    if (this.sizeBytes <= this.limitBytes) return;
    const target = this.limitBytes * 0.9;
    for (const [key, answer] of [...this.answers]) {
      if (this.sizeBytes <= target) return;
      this.answers.delete(key);
      if (answer.used && this.answers.size > 0) {
        answer.used = false;
        this.answers.set(key, answer);
      } else this.sizeBytes -= answer.sizeBytes;
    }
    // All were in use: the oldest go.
    for (const [key, answer] of this.answers) {
      if (this.sizeBytes <= target) return;
      this.answers.delete(key);
      this.sizeBytes -= answer.sizeBytes;
    }
  }
}
