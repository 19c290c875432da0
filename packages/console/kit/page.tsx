import { type ReactNode, useEffect } from "react";

interface PageProps {
  title: string;
  /** One sentence: what this page is for. */
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** What every page begins with. */
export function Page({ title, about, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Evenkeel`;
  }, [title]);
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-5 px-4 py-6 sm:px-6">
      <header className="flex flex-wrap items-end gap-x-4 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
          {about !== undefined && <p className="mt-0.5 max-w-prose text-sm text-quiet">{about}</p>}
        </div>
        {actions !== undefined && (
          <div className="flex flex-wrap items-center gap-2 sm:ml-auto">{actions}</div>
        )}
      </header>
      {children}
    </div>
  );
}
