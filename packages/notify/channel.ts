import type { z } from "zod";
import type { Message } from "./message.ts";

/** What a channel may reach, beyond its settings. */
export interface ChannelNet {
  /** Whether it may be on this machine itself. */
  isLocal: boolean;
  /** An attempt ends after it; default 10,000 ms. */
  limitMs?: number;
}

export interface Sent {
  /** The provider's own name of it. */
  reference?: string;
}

/** One way to tell people, open for sending. */
export interface Channel {
  /**
   * @throws MessageRefusedError where trying again is in vain, ChannelUnavailableError
   */
  send(message: Message): Promise<Sent>;
  /**
   * What became of an attempt that was cut off, where the provider can be asked; undefined: it did not arrive. Absent: nobody can tell, and sending
   * it again is harmless only if `repeats` says so.
   *
   * @throws ChannelUnavailableError
   */
  find?(message: Message, sinceMs: number): Promise<Sent | undefined>;
  close(): void;
}

export interface ChannelKind<Settings extends z.ZodType = z.ZodType> {
  name: string;
  title: string;
  settings: Settings;
  /** Names of settings that nobody sees again. */
  secrets: readonly string[];
  /** Provider of the sandbox that stands in for it, and the settings that its account has. */
  twin?: { provider: string; settings(variables: Record<string, string>): Record<string, unknown> };
  /**
   * What a message that is sent twice comes to.
   *
   * - `joined`: the provider or the receiver shows it once, by its id.
   * - `asked`: `find` tells whether it arrived.
   * - `seen`: people may see it twice; it says so itself.
   */
  repeats: "joined" | "asked" | "seen";
  /** It calls people: no more is sent by it than they have to hear. */
  isPager: boolean;
  /** Messages a minute that it takes; others wait. */
  perMinute: number;
  /** Where it leads, without secrets. */
  describe(settings: z.output<Settings>): string;
  open(settings: z.output<Settings>, net: ChannelNet): Channel;
}

export const channelKind = <Settings extends z.ZodType>(kind: ChannelKind<Settings>): ChannelKind<Settings> =>
  kind;
