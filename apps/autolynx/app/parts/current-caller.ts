import { cookies } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import { type Caller, callerOfSession, tokenOf } from "../../server/access/session.ts";

/** Who looks at the page; sends everybody else to the sign-in. Asked once a request, however many parts want to know. */
export const currentCaller = cache(async (): Promise<Caller> => {
  const caller = await callerOfSession(tokenOf((await cookies()).toString()));
  if (!caller) redirect("/sign-in");
  return caller;
});
