import { atOnce } from "../at-once.ts";
import { claim } from "./claim.ts";
import { dial } from "./dial.ts";

const requestsAtOnce = 16;
const mostRounds = 20;

export interface Refilled {
  placed: number;
  refused: number;
  later: number;
  uncertain: number;
}

/** Calls as many people as there are places for. Safe to run any number of times at once. */
export async function refill(organisation: string): Promise<Refilled> {
  const done: Refilled = { placed: 0, refused: 0, later: 0, uncertain: 0 };
  for (let round = 0; round < mostRounds; round++) {
    const intents = await claim(organisation);
    if (intents.length === 0) break;
    const results = await atOnce(intents, requestsAtOnce, dial);
    for (const result of results) done[result]++;
    // What was refused has left its place to somebody else.
    if (!results.includes("refused")) break;
  }
  return done;
}
