import { useQuery } from "@tanstack/react-query";
import { ask } from "../ask.ts";
import { Empty, Failure, Loading } from "../parts/states.tsx";

interface Statistics {
  weeks: { week: string; answered: number; missed: number; skipped: number }[];
  moods: { day: string; mood: number }[];
}

const width = 720;
const height = 220;
const pad = 32;

export default function Answers() {
  const statistics = useQuery({ queryKey: ["statistics"], queryFn: () => ask<Statistics>("/statistics") });
  if (statistics.isPending) return <Loading />;
  if (statistics.isError) return <Failure error={statistics.error} />;
  const { weeks, moods } = statistics.data;
  return (
    <>
      <h1>Answers of twelve weeks</h1>
      {weeks.length === 0 && (
        <Empty title="No answers yet">What people answer is drawn here week by week.</Empty>
      )}
      {weeks.length > 0 && <Weeks of={weeks} />}
      {moods.length > 0 && <Moods of={moods} />}
    </>
  );
}

function Weeks({ of }: { of: Statistics["weeks"] }) {
  const most = Math.max(1, ...of.map((week) => week.answered + week.missed + week.skipped));
  const step = (width - 2 * pad) / of.length;
  const scale = (height - 2 * pad) / most;
  return (
    <figure className="panel">
      <figcaption>
        Reminders a week: <span className="key good">answered</span> <span className="key bad">missed</span>{" "}
        <span className="key none">skipped</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Answered, missed and skipped reminders of ${of.length} weeks`}
      >
        <text x={4} y={pad}>
          {most}
        </text>
        <line x1={pad} x2={width - pad} y1={height - pad} y2={height - pad} className="axis" />
        {of.map((week, index) => {
          let top = height - pad;
          return (
            <g key={week.week}>
              <title>{`Week of ${week.week}: ${week.answered} answered, ${week.missed} missed, ${week.skipped} skipped`}</title>
              {(["answered", "missed", "skipped"] as const).map((kind) => {
                const size = week[kind] * scale;
                top -= size;
                return (
                  <rect
                    key={kind}
                    className={kind}
                    x={pad + index * step + 3}
                    y={top}
                    width={Math.max(2, step - 6)}
                    height={size}
                  />
                );
              })}
              <text x={pad + index * step + step / 2} y={height - 10} textAnchor="middle">
                {week.week.slice(5)}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

function Moods({ of }: { of: Statistics["moods"] }) {
  const x = (index: number) => pad + (index * (width - 2 * pad)) / Math.max(1, of.length - 1);
  const y = (mood: number) => height - pad - ((mood - 1) / 4) * (height - 2 * pad);
  return (
    <figure className="panel">
      <figcaption>How people feel, from 1 to 5, day by day</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label="Average mood by day">
        {[1, 2, 3, 4, 5].map((mood) => (
          <g key={mood}>
            <line x1={pad} x2={width - pad} y1={y(mood)} y2={y(mood)} className="axis" />
            <text x={10} y={y(mood) + 4}>
              {mood}
            </text>
          </g>
        ))}
        <polyline className="mood" points={of.map((one, index) => `${x(index)},${y(one.mood)}`).join(" ")} />
        {of.map((one, index) => (
          <circle key={one.day} cx={x(index)} cy={y(one.mood)} r={3}>
            <title>{`${one.day}: ${one.mood}`}</title>
          </circle>
        ))}
      </svg>
    </figure>
  );
}
