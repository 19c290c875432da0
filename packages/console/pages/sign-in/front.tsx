import { type ReactNode, useEffect } from "react";

/** What stands before the console. */
export function Front({ title, about, children }: { title: string; about: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Evenkeel`;
  }, [title]);
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <section className="flex w-full max-w-sm flex-col gap-5 rounded-lg border border-line bg-panel p-6 shadow-raised">
        <header className="flex items-center gap-3">
          <img src="/favicon.svg" alt="" width={32} height={32} />
          <div className="min-w-0">
            <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
            <p className="truncate text-sm text-quiet">{about}</p>
          </div>
        </header>
        {children}
      </section>
    </main>
  );
}
