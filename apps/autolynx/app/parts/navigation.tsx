"use client";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { ask } from "./ask.ts";

const places = [
  ["/", "Campaigns"],
  ["/search", "Search"],
  ["/spend", "Spend"],
  ["/do-not-call", "Do not call"],
  ["/settings", "Settings"],
] as const;

export function Navigation({ name, organisation }: { name: string; organisation: string }) {
  const path = usePathname();
  const isHere = (place: string) =>
    place === "/"
      ? path === "/" || path.startsWith("/campaigns") || path.startsWith("/calls")
      : path.startsWith(place);
  return (
    <header className="top">
      <Link className="brand" href="/">
        Auto<span>Lynx</span>
      </Link>
      <nav aria-label="Main">
        {places.map(([place, word]) => (
          <Link
            key={place}
            className="tab"
            href={place}
            prefetch={false}
            aria-current={isHere(place) ? "page" : undefined}
          >
            {word}
          </Link>
        ))}
      </nav>
      <div className="who">
        <small>
          {name} · {organisation}
        </small>
        <button
          type="button"
          className="quiet"
          onClick={async () => {
            await ask("DELETE", "/session");
            location.assign("/sign-in");
          }}
        >
          Sign out
        </button>
      </div>
    </header>
  );
}
