import type { LauncherLink } from "../isolation/cell.ts";

/** A turn of the event loop takes milliseconds, also on a machine under load. */
const reactionLimitMs = 5_000;

/** Whether the event loop of an instance turns. Who asks while an answer is awaited, waits for the same one. */
export class ReactionCheck {
  private running: Promise<boolean> | undefined;
  private answered: (reacts: boolean) => void = () => {};

  constructor(private readonly launcher: Pick<LauncherLink, "send">) {}

  /** The launcher has said `pong`. */
  heard(): void {
    this.answered(true);
  }

  reacts(): Promise<boolean> {
    this.running ??= this.ask().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async ask(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.answered = resolve;
    const timer = setTimeout(() => resolve(false), reactionLimitMs);
    this.launcher.send({ type: "ping" });
    const reacts = await promise;
    clearTimeout(timer);
    return reacts;
  }
}
