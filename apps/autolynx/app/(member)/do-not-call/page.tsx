import type { Metadata } from "next";
import { within } from "../../../server/database.ts";
import { currentCaller } from "../../parts/current-caller.ts";
import { DoNotCallList } from "./do-not-call-list.tsx";

export const metadata: Metadata = { title: "Do not call" };

export default async function DoNotCall() {
  const { organisation } = await currentCaller();
  const numbers = await within(
    organisation,
    (tx) => tx<{ phone: string; reason: string; addedBy: string }[]>`
      SELECT phone, reason, added_by AS "addedBy" FROM do_not_call ORDER BY added_at DESC LIMIT 1000`,
  );
  return <DoNotCallList numbers={[...numbers]} />;
}
