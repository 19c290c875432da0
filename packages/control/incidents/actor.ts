import type { Caller } from "../tokens/caller.ts";

/** Who did something, as incidents keep it. */
export interface Actor {
  kind: "person" | "token" | "platform";
  id: string;
  name: string;
}

/** The platform itself, by the part of it that acts. */
export const platformActor = (part: string): Actor => ({ kind: "platform", id: part, name: part });

export const actorOf = (caller: Pick<Caller, "name">): Actor => ({
  kind: "token",
  id: caller.name,
  name: caller.name,
});
