/** A part that is opened by its first use, so that an idle process holds none of the libraries behind it. */
export class LazyPart<Part> {
  private opening: Promise<Part> | undefined;

  constructor(private readonly open: () => Promise<Part>) {}

  get(): Promise<Part> {
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  get isOpen(): boolean {
    return this.opening !== undefined;
  }

  /** Does something with the part if it is open. */
  async ifOpen(work: (part: Part) => unknown): Promise<void> {
    if (this.opening) await work(await this.opening);
  }
}
