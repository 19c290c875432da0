import { statusWords, wordFor } from "./words.ts";

const tones: Record<string, string> = { good: "good", bad: "bad", warn: "warn", live: "live", "": "soft" };

/** Parts of a whole as one bar, with their numbers beside. */
export function Shares({ of, label }: { of: Record<string, number>; label: string }) {
  const parts = Object.entries(of).filter(([, count]) => count > 0);
  const total = parts.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return <small>Nothing yet</small>;
  return (
    <>
      <div
        className="share"
        role="img"
        aria-label={`${label}: ${parts.map(([name, count]) => `${wordFor(name)} ${count}`).join(", ")}`}
      >
        {parts.map(([name, count]) => (
          <span key={name} className={tones[statusWords[name]?.[1] ?? ""]} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul className="keys">
        {parts.map(([name, count]) => (
          <li key={name} className={tones[statusWords[name]?.[1] ?? ""]}>
            <span>
              {wordFor(name)} <b>{count.toLocaleString("en")}</b>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

export interface Bar {
  label: string;
  /** Shown below only where there is room. */
  mark?: string;
  parts: { value: number; tone: "good" | "soft" | "accent" }[];
}

const width = 640;
const height = 150;
const floor = 126;

/** Bars over time, each of one or more parts upon each other. */
export function Bars({ bars, label, unit }: { bars: Bar[]; label: string; unit: (value: number) => string }) {
  if (bars.length === 0) return <small>Nothing yet</small>;
  const sums = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const most = Math.max(...sums, 1e-9);
  const step = Math.min(40, width / bars.length);
  return (
    <svg className="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <title>{label}</title>
      <line className="axis" x1="0" x2={width} y1={floor} y2={floor} />
      <text x={width} y="11" textAnchor="end">
        {unit(most)}
      </text>
      {bars.map((bar, index) => {
        let top = floor;
        return (
          <g key={bar.label}>
            <title>{`${bar.label}: ${unit(sums[index] ?? 0)}`}</title>
            {bar.parts.map(({ value, tone }) => {
              const tall = (value / most) * (floor - 18);
              top -= tall;
              return (
                <rect
                  key={tone}
                  x={index * step + 1}
                  y={top}
                  width={Math.max(1, step - 2)}
                  height={tall}
                  rx={Math.min(2, step / 4)}
                  fill={`var(--${tone})`}
                />
              );
            })}
            {(index === 0 || index === bars.length - 1) && (
              <text
                x={index === 0 ? 0 : Math.max(index * step + step, 80)}
                y={height - 8}
                textAnchor={index === 0 ? "start" : "end"}
              >
                {index === 0 || bars.length > 4 ? (bar.mark ?? bar.label) : ""}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}
