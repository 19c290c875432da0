import type { Metadata } from "next";
import { WelcomeForm } from "./welcome-form.tsx";

export const metadata: Metadata = { title: "Welcome", referrer: "no-referrer" };

export default async function Welcome({ searchParams }: { searchParams: Promise<{ token?: string }> }) {
  const { token } = await searchParams;
  return (
    <main id="main" className="narrow">
      <WelcomeForm token={typeof token === "string" ? token : ""} />
    </main>
  );
}
