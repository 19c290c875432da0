/** Drawn on a grid of 16, with lines of 1.5. */
const paths = {
  apps: "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z",
  alert: "M8 2 1.8 13h12.4zM8 6.5v3M8 11.4v.1",
  drill: "M13.5 8A5.5 5.5 0 1 1 8 2.5M8 5v3l2 1.5M13.5 2.5 8 8",
  approve: "m2.5 8.5 3 3 7-7M9 13h4.5",
  people:
    "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 3a2.3 2.3 0 0 1 0 4.4M12 9.8c1.5.5 2.5 1.8 2.5 3.7",
  audit: "M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2",
  settings:
    "M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M3.6 12.4 5 11M11 5l1.4-1.4",
  rocket:
    "M6.5 9.5c1-4 3.5-7 7-7 0 3.5-3 6-7 7ZM6.5 9.5 4 9l2-3M6.5 9.5 7 12l3-2M3 11.5c-.7.7-.8 2-.8 2s1.3-.1 2-.8",
  release: "M8 2.5v8M4.5 6 8 2.5 11.5 6M2.5 13.5h11",
  chart: "M2.5 13.5h11M4.5 11V8M8 11V3.5M11.5 11V6",
  gauge: "M2.5 11.5a5.5 5.5 0 1 1 11 0M8 11.5 10.5 7",
  lines: "M2.5 4h11M2.5 8h8M2.5 12h10",
  book: "M3 3h4a1.5 1.5 0 0 1 1 .5A1.5 1.5 0 0 1 9 3h4v9.5H9.3A1.5 1.5 0 0 0 8 13a1.5 1.5 0 0 0-1.3-.5H3zM8 3.5V13",
  database:
    "M2.5 4c0-1 2.5-1.7 5.5-1.7s5.5.7 5.5 1.7S11 5.7 8 5.7 2.5 5 2.5 4ZM2.5 4v8c0 1 2.5 1.7 5.5 1.7s5.5-.7 5.5-1.7V4M2.5 8c0 1 2.5 1.7 5.5 1.7S13.5 9 13.5 8",
  key: "M10 7.5a3 3 0 1 0-2.7-1.7L2.5 10.6v2.9h2.9v-1.8h1.8V9.9l.9-.9c.6.3 1.2-1.5 1.9-1.5Z",
  flag: "M3.5 14V2.5M3.5 3h8.5l-2 3 2 3H3.5",
  clock: "M8 13.8A5.8 5.8 0 1 0 8 2.2a5.8 5.8 0 0 0 0 11.6ZM8 5v3.2l2 1.3",
  server: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5v.1M5 11v.1",
  box: "M8 1.8 13.5 4.7v6.6L8 14.2l-5.5-2.9V4.7zM2.5 4.7 8 7.7l5.5-3M8 7.7v6.5",
  globe:
    "M8 13.8A5.8 5.8 0 1 0 8 2.2a5.8 5.8 0 0 0 0 11.6ZM2.2 8h11.6M8 2.2c1.8 1.6 2.5 3.6 2.5 5.8S9.8 12.2 8 13.8C6.2 12.2 5.5 10.2 5.5 8S6.2 3.8 8 2.2Z",
  coin: "M8 13.8A5.8 5.8 0 1 0 8 2.2a5.8 5.8 0 0 0 0 11.6ZM10 5.8C9.6 5.2 8.9 5 8 5c-1.2 0-2 .6-2 1.5C6 8.8 10 7.3 10 9.5c0 .9-.8 1.5-2 1.5-.9 0-1.6-.2-2-.8M8 4v8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3l3.2 3.2",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  close: "m3.5 3.5 9 9M12.5 3.5l-9 9",
  check: "m3 8.5 3.2 3.2L13 5",
  cross: "m4.5 4.5 7 7M11.5 4.5l-7 7",
  minus: "M4 8h8",
  dot: "M8 8v.1",
  chevron: "m6 3.5 4.5 4.5L6 12.5",
  down: "m3.5 6 4.5 4.5L12.5 6",
  back: "M9.5 3.5 5 8l4.5 4.5",
  external: "M6.5 3.5h-3v9h9v-3M9 2.5h4.5V7M13 3 7.5 8.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  undo: "M5.5 3 2.5 6l3 3M2.5 6h6.5a4 4 0 0 1 0 8H6",
  branch:
    "M4.5 5.5v5M4.5 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4.5 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM11.5 6.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM11.5 6.5c0 2.5-7 1.5-7 4",
  play: "M5 3.5v9l7.5-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  plus: "M8 3v10M3 8h10",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9M6.8 7v4M9.2 7v4",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  moon: "M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7Z",
  monitor: "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
  user: "M8 8a2.8 2.8 0 1 0 0-5.5A2.8 2.8 0 0 0 8 8ZM2.8 14c0-3 2.3-4.5 5.2-4.5s5.2 1.5 5.2 4.5",
  more: "M3.5 8v.1M8 8v.1M12.5 8v.1",
  shield: "M8 1.8 13 3.5V8c0 3-2 5-5 6.2C5 13 3 11 3 8V3.5zM5.8 8l1.6 1.6 3-3",
  question:
    "M8 13.8A5.8 5.8 0 1 0 8 2.2a5.8 5.8 0 0 0 0 11.6ZM6.3 6.2c.1-1 .8-1.5 1.7-1.5 1 0 1.8.6 1.8 1.5 0 1.2-1.8 1.3-1.8 2.6M8 11v.1",
} as const;

export type IconName = keyof typeof paths;

/** Beside words, so it is hidden from screen readers. */
export function Icon({ name, size = 16, className }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "dot" || name === "more" ? 2.5 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      className={className ?? "shrink-0"}
    >
      <path d={paths[name]} />
    </svg>
  );
}
