/** The course of something in a line; gaps are unknown, not zero. */
export function Sparkline({ points, label }: { points: (number | null)[]; label: string }) {
  const width = 96;
  const height = 24;
  const known = points.filter((point) => point !== null);
  const top = Math.max(1, ...known);
  const step = width / Math.max(1, points.length - 1);
  let line = "";
  let isDrawing = false;
  points.forEach((point, index) => {
    if (point === null) {
      isDrawing = false;
      return;
    }
    line += `${isDrawing ? "L" : "M"}${(index * step).toFixed(1)} ${(height - 2 - (point / top) * (height - 4)).toFixed(1)}`;
    isDrawing = true;
  });
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      className="text-accent"
    >
      <title>{label}</title>
      <path
        d={line}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
      {known.length === 0 && (
        <path d={`M0 ${height / 2}H${width}`} stroke="var(--line-strong)" strokeDasharray="2 3" />
      )}
    </svg>
  );
}
