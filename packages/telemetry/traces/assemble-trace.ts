import type { Span } from "@evenkeel/model/link/span";

/** A span in its place. */
export interface TraceNode {
  span: Span;
  /** Milliseconds since the trace began, by the clock of its root. */
  offsetMs: number;
  /** By how much the clock of whoever made it was found to differ from its parent's, where the two contradicted each other. */
  skewMs?: number;
  /** The span that it names as its parent was not kept, or they name each other. */
  orphan?: true;
  children: TraceNode[];
}

export interface AssembledTrace {
  traceId: string;
  /** Epoch milliseconds. */
  startMs: number;
  durationMs: number;
  spanCount: number;
  errorCount: number;
  /** In the order of their begin; usually one. */
  roots: TraceNode[];
}

/**
 * Makes the tree of a trace. A span that was sent twice counts once; one whose parent is missing becomes a root; circles are cut. Where
 * another service's span lies outside of its parent, its clock is taken to be off, and it is moved with all below it, as Jaeger does
 * (https://www.jaegertracing.io/docs/latest/architecture/sampling/#clock-skew): never beyond the parent's end, or to its middle.
 */
export function assembleTrace(traceId: string, spans: readonly Span[]): AssembledTrace {
  const nodes = new Map<string, TraceNode>();
  for (const span of spans)
    if (!nodes.has(span.spanId)) nodes.set(span.spanId, { span, offsetMs: 0, children: [] });
  const roots: TraceNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.span.parentId);
    if (parent) parent.children.push(node);
    else {
      if (node.span.parentId !== "") node.orphan = true;
      roots.push(node);
    }
  }
  const reached = new Set<TraceNode>();
  for (const root of roots) reach(root, reached);
  for (const node of nodes.values()) {
    if (reached.has(node)) continue;
    // It is in a circle, or below one, which is cut here.
    const { children } = nodes.get(node.span.parentId)!;
    children.splice(children.indexOf(node), 1);
    node.orphan = true;
    roots.push(node);
    reach(node, reached);
  }
  for (const root of roots) correctClocks(root, 0);
  const begins = roots.map(({ span }) => span.startMs);
  const startMs = begins.length === 0 ? 0 : begins.reduce((one, other) => Math.min(one, other));
  let endMs = startMs;
  let errorCount = 0;
  for (const node of nodes.values()) {
    node.offsetMs = node.span.startMs + (node.skewMs ?? 0) - startMs;
    endMs = Math.max(endMs, startMs + node.offsetMs + node.span.durationMs);
    if (node.span.status === "error") errorCount++;
    node.children.sort(byBegin);
  }
  for (const node of nodes.values()) if (node.skewMs === 0) delete node.skewMs;
  roots.sort(byBegin);
  return { traceId, startMs, durationMs: endMs - startMs, spanCount: nodes.size, errorCount, roots };
}

const byBegin = (one: TraceNode, other: TraceNode): number => {
  const [a, b] = [one, other].map(({ span, skewMs }) => span.startMs + (skewMs ?? 0));
  return a! - b!;
};

function reach(root: TraceNode, reached: Set<TraceNode>): void {
  const waiting = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    reached.add(node);
    for (const child of node.children) if (!reached.has(child)) waiting.push(child);
  }
}

/** Clocks of one machine agree to within this, and spans are measured by different ones. */
const toleranceMs = 1;

function correctClocks(root: TraceNode, skewMs: number): void {
  const waiting: [node: TraceNode, skewMs: number][] = [[root, skewMs]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [node, inherited] = next;
    node.skewMs = inherited;
    for (const child of node.children) {
      const own =
        child.span.service === node.span.service ? inherited : inherited + skewOf(node, child, inherited);
      waiting.push([child, own]);
    }
  }
}

function skewOf(parent: TraceNode, child: TraceNode, inherited: number): number {
  const parentStart = parent.span.startMs + inherited;
  const parentEnd = parentStart + parent.span.durationMs;
  const start = child.span.startMs + inherited;
  const isWithin = start >= parentStart - toleranceMs && start <= parentEnd + toleranceMs;
  // Work that goes on after its caller was answered begins within it.
  if (isWithin) return 0;
  const room = Math.max(0, parent.span.durationMs - child.span.durationMs);
  return parentStart + room / 2 - start;
}
