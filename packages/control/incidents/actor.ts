import type { Actor, Caller } from "../tokens/caller.ts";

export type { Actor };

/** The platform itself, by the part of it that acts. */
export const platformActor = (part: string): Actor => ({ kind: "platform", id: part, name: part });

export const actorOf = ({ actor }: Pick<Caller, "actor">): Actor => actor;
