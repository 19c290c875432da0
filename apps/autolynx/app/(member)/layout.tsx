import type { ReactNode } from "react";
import { currentCaller } from "../parts/current-caller.ts";
import { Navigation } from "../parts/navigation.tsx";

export default async function MemberLayout({ children }: { children: ReactNode }) {
  const caller = await currentCaller();
  return (
    <>
      <Navigation name={caller.name} organisation={caller.organisationName} />
      <main id="main">{children}</main>
    </>
  );
}
