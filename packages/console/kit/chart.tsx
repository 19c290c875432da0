import { useEffect, useRef } from "react";
import uPlot from "uplot";

export interface ChartLine {
  name: string;
  /** A colour of the style sheet: `accent`. */
  colour: string;
  points: (number | null)[];
  isFilled?: boolean;
}

export interface ChartMark {
  atMs: number;
  name: string;
}

interface ChartProps {
  label: string;
  timesMs: number[];
  lines: ChartLine[];
  marks?: ChartMark[];
  format: (value: number) => string;
  heightPx?: number;
  /** All charts of a group show the same moment. */
  group?: string;
}

const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Lines over time with releases as marks. What it shows stands in words below it for those who do not see it. */
export function Chart({ label, timesMs, lines, marks = [], format, heightPx = 180, group }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = box.current;
    if (!parent) return;
    const draw = () => {
      const axis = {
        stroke: colourOf("faint"),
        font: "11px system-ui",
        grid: { stroke: colourOf("line"), width: 1 },
        ticks: { show: false },
      };
      const options: uPlot.Options = {
        ...{ width: parent.clientWidth, height: heightPx, legend: { show: false } },
        padding: [14, 8, 0, 0],
        cursor: {
          points: { size: 6 },
          ...(group === undefined ? {} : { sync: { key: group } }),
          drag: { x: false, y: false },
        },
        axes: [
          { ...axis, space: 72, values: (_, ticks) => ticks.map(timeOfTick(ticks)) },
          { ...axis, size: 56, space: 36, values: (_, ticks) => ticks.map((tick) => format(tick)) },
        ],
        scales: { y: { range: (_, _least, greatest) => [0, greatest > 0 ? greatest * 1.1 : 1] } },
        series: [
          {},
          ...lines.map(({ name, colour, isFilled }) => ({
            label: name,
            stroke: colourOf(colour),
            width: 1.5,
            ...(isFilled ? { fill: `${colourOf(colour)}22` } : {}),
            points: { show: false },
            spanGaps: false,
          })),
        ],
        plugins: [markPlugin(marks), tipPlugin(lines, format)],
      };
      const plot = new uPlot(
        options,
        [timesMs.map((ms) => ms / 1_000), ...lines.map(({ points }) => points)],
        parent,
      );
      return plot;
    };
    let plot = draw();
    const redraw = () => {
      plot.destroy();
      plot = draw();
    };
    let width = parent.clientWidth;
    const sized = new ResizeObserver(() => {
      if (parent.clientWidth === width) return;
      width = parent.clientWidth;
      plot.setSize({ width, height: heightPx });
    });
    sized.observe(parent);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
      plot.destroy();
    };
  }, [timesMs, lines, marks, format, heightPx, group]);
  return (
    <figure className="m-0">
      <div ref={box} style={{ minHeight: heightPx }} aria-hidden="true" />
      <figcaption className="sr-only">
        {label}.{" "}
        {lines.map(({ name, points }) => {
          const last = points.findLast((point) => point !== null);
          return `${name}: ${last == null ? "unknown" : format(last)}. `;
        })}
      </figcaption>
      {lines.length > 1 && (
        <div aria-hidden="true" className="mt-1 flex flex-wrap gap-x-4 gap-y-1 px-2 text-xs text-quiet">
          {lines.map(({ name, colour }) => (
            <span key={name} className="inline-flex items-center gap-1.5">
              <span className="h-0.5 w-3 rounded-full" style={{ background: `var(--${colour})` }} />
              {name}
            </span>
          ))}
        </div>
      )}
    </figure>
  );
}

function timeOfTick(ticks: number[]): (tick: number) => string {
  const spanS = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0);
  const format = new Intl.DateTimeFormat(
    undefined,
    spanS > 2 * 86_400
      ? { month: "short", day: "numeric" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  );
  return (tick) => format.format(tick * 1_000);
}

function markPlugin(marks: ChartMark[]): uPlot.Plugin {
  return {
    hooks: {
      draw: ({ ctx, bbox, valToPos, scales }) => {
        const { min = 0, max = 0 } = scales["x"] ?? {};
        ctx.save();
        ctx.strokeStyle = colourOf("line-strong");
        ctx.fillStyle = colourOf("quiet");
        ctx.font = `${10 * devicePixelRatio}px system-ui`;
        ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
        let freeFrom = 0;
        for (const { atMs, name } of marks) {
          const at = atMs / 1_000;
          if (at < (min ?? 0) || at > (max ?? 0)) continue;
          const x = valToPos(at, "x", true);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          if (x < freeFrom) continue;
          ctx.fillText(name, x + 3 * devicePixelRatio, bbox.top - 3 * devicePixelRatio);
          freeFrom = x + ctx.measureText(name).width + 8 * devicePixelRatio;
        }
        ctx.restore();
      },
    },
  };
}

/** The values of the moment under the pointer. Texts only: nothing of it is markup. */
function tipPlugin(lines: ChartLine[], format: (value: number) => string): uPlot.Plugin {
  const tip = document.createElement("div");
  tip.className =
    "pointer-events-none absolute z-10 hidden rounded-md border border-line bg-panel px-2 py-1 text-xs shadow-raised whitespace-nowrap";
  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });
  return {
    hooks: {
      init: ({ over }) => over.append(tip),
      setCursor: ({ cursor, data, over }) => {
        const index = cursor.idx;
        const atS = index == null ? undefined : data[0]?.[index];
        if (index == null || atS === undefined || (cursor.left ?? -1) < 0) {
          tip.style.display = "none";
          return;
        }
        tip.replaceChildren();
        for (const text of [
          clock.format(atS * 1_000),
          ...lines.map(({ name }, line) => {
            const value = data[line + 1]?.[index];
            return `${name}: ${value == null ? "unknown" : format(value)}`;
          }),
        ]) {
          const row = document.createElement("div");
          row.textContent = text;
          tip.append(row);
        }
        tip.style.display = "block";
        const left = cursor.left ?? 0;
        const isRight = left > over.clientWidth / 2;
        tip.style.left = isRight ? "" : `${left + 12}px`;
        tip.style.right = isRight ? `${over.clientWidth - left + 12}px` : "";
        tip.style.top = "8px";
      },
    },
  };
}
