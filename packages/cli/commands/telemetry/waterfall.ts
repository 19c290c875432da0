import type { AssembledTrace } from "@evenkeel/control";

type Node = AssembledTrace["roots"][number];

const barWidth = 40;
const nameLimit = 56;

/** Draws a trace: a line for each span, with its place in time as a bar. Failed ones are marked `!`, those by another clock `~`. */
export function drawWaterfall(trace: Pick<AssembledTrace, "durationMs" | "roots">): string {
  const rows: { label: string; node: Node }[] = [];
  const waiting = trace.roots.toReversed().map((node) => ({ node, depth: 0 }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, depth } = next;
    // Deeper ones stand below each other: the bars still tell.
    const indent = "  ".repeat(Math.min(depth, 8));
    const mark = node.span.status === "error" ? "! " : node.skewMs !== undefined ? "~ " : "";
    rows.push({ node, label: cut(`${indent}${mark}${node.span.service} · ${node.span.name}`) });
    for (const child of node.children.toReversed()) waiting.push({ node: child, depth: depth + 1 });
  }
  const labelWidth = Math.max(...rows.map(({ label }) => Bun.stringWidth(label)));
  const timeWidth = Math.max(...rows.map(({ node }) => formatMs(node.span.durationMs).length));
  return rows
    .map(({ label, node }) => {
      const time = formatMs(node.span.durationMs).padStart(timeWidth);
      return `${label}${" ".repeat(labelWidth - Bun.stringWidth(label))}  ${time}  ${bar(node, trace.durationMs)}`.trimEnd();
    })
    .join("\n");
}

function bar({ offsetMs, span }: Node, totalMs: number): string {
  const place = (ms: number) => (totalMs === 0 ? 0 : Math.round((ms / totalMs) * barWidth));
  const begin = Math.min(barWidth - 1, Math.max(0, place(offsetMs)));
  const end = Math.min(barWidth, place(offsetMs + span.durationMs));
  return `│${" ".repeat(begin)}${end > begin ? "█".repeat(end - begin) : "▏"}`
    .padEnd(barWidth + 1)
    .concat("│");
}

/** What an app names its spans must not move the cursor. */
function cut(text: string): string {
  const plain = text.replace(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");
  return plain.length <= nameLimit ? plain : `${plain.slice(0, nameLimit - 1)}…`;
}

/** `0.4 ms`, `12 ms`, `1.25 s`. */
export function formatMs(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}
