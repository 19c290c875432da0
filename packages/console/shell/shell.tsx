import { Outlet, useLocation, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { AwayBanner } from "./away-banner.tsx";
import { ConfirmIdentity } from "./confirm-identity.tsx";
import { useLive } from "./live-context.ts";
import { Navigation } from "./navigation.tsx";
import { Sheet } from "./sheet.tsx";
import { TopBar } from "./top-bar.tsx";

const Palette = lazy(() => import("./palette.tsx"));

/** What stands around every page: navigation, search, and whether all this is live. */
export function Shell() {
  const live = useLive();
  useEffect(() => live.start(), [live]);
  const [isSearching, setSearching] = useState(false);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const { pathname } = useLocation();
  const { app } = useParams({ strict: false });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the menu
  useEffect(() => setMenuOpen(false), [pathname]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setSearching((is) => !is);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-panel focus:px-3 focus:py-2"
      >
        To the content
      </a>
      <aside className="sticky top-0 hidden h-dvh w-56 shrink-0 flex-col overflow-y-auto border-r border-line bg-panel md:flex">
        <Navigation app={app} />
      </aside>
      <Sheet open={isMenuOpen} onClose={() => setMenuOpen(false)}>
        <Navigation app={app} />
      </Sheet>
      <div className="flex min-w-0 flex-1 flex-col">
        <TopBar onSearch={() => setSearching(true)} onMenu={() => setMenuOpen(true)} />
        <AwayBanner />
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <ConfirmIdentity />
      {isSearching && (
        <Suspense>
          <Palette onClose={() => setSearching(false)} />
        </Suspense>
      )}
    </div>
  );
}
