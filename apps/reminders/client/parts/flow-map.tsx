import { exitsOf } from "../../server/flows/check-flow.ts";
import type { Flow } from "../../server/flows/flow.ts";

const boxWidth = 130;
const boxHeight = 40;
const gapX = 70;
const gapY = 18;

/** States as boxes, in columns by how many answers lie before them. */
export function FlowMap({ of }: { of: Flow }) {
  const depth = new Map([[of.start, 0]]);
  for (const [name, level] of depth) {
    for (const next of exitsOf(of.states[name]!)) if (!depth.has(next)) depth.set(next, level + 1);
  }
  const columns: string[][] = [];
  for (const [name, level] of depth) columns[level] = [...(columns[level] ?? []), name];
  const place = new Map(
    columns.flatMap((names, column) =>
      names.map(
        (name, row) =>
          [name, { x: column * (boxWidth + gapX) + 4, y: row * (boxHeight + gapY) + 4 }] as const,
      ),
    ),
  );
  const width = columns.length * (boxWidth + gapX) - gapX + 8;
  const height = Math.max(...columns.map((names) => names.length)) * (boxHeight + gapY) + 8;
  return (
    <div className="flow-map">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="img"
        aria-label={`States: ${[...place.keys()].join(", ")}`}
      >
        {[...place].flatMap(([name, from]) =>
          [...new Set(exitsOf(of.states[name]!))].map((next) => {
            const to = place.get(next)!;
            const back = to.x <= from.x;
            const [x1, y1] = [
              from.x + (back ? boxWidth / 2 : boxWidth),
              from.y + (back ? boxHeight : boxHeight / 2),
            ];
            const [x2, y2] = [to.x + (back ? boxWidth / 2 : 0), to.y + (back ? 0 : boxHeight / 2)];
            const bend = back ? 0 : gapX / 2;
            return (
              <path
                key={`${name}-${next}`}
                d={`M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`}
              />
            );
          }),
        )}
        {[...place].map(([name, { x, y }]) => (
          <g key={name} className={of.states[name]!.end ? `end ${of.states[name]!.end}` : ""}>
            <rect x={x} y={y} width={boxWidth} height={boxHeight} rx={8} />
            <text x={x + boxWidth / 2} y={y + 24} textAnchor="middle">
              {name}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}
