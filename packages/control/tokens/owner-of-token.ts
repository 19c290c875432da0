import { type Connection, first } from "../database/connection.ts";
import { ForbiddenError, PersonUnknownError } from "../errors.ts";
import { adminTokenId } from "./admin-token.ts";
import type { Caller } from "./caller.ts";

/**
 * Whose a new token is. What a person makes is that person's, or one could speak with two voices where two people are asked.
 *
 * @param email as wished for @returns absent: nobody's in particular
 * @throws ForbiddenError, PersonUnknownError
 */
export async function ownerOfToken(
  connection: Connection,
  caller: Caller,
  email: string | undefined,
): Promise<string | undefined> {
  const own = /^person:(.*)$/.exec(caller.voice)?.[1];
  if (email === undefined) return own;
  const row = await first(
    connection.query<{ id: string }>("SELECT id FROM people WHERE email = $1", [email.toLowerCase()]),
  );
  if (caller.actor.id !== adminTokenId && row?.id !== own)
    throw new ForbiddenError("A token of somebody else is made on the machine itself alone", {
      hint: "They make it themselves: `evenkeel login`, or in the console.",
    });
  if (!row) throw new PersonUnknownError();
  return row.id;
}
