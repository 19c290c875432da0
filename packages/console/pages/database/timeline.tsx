import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import { classes } from "../../kit/classes.ts";
import { When } from "../../kit/time.tsx";

export interface TimelineMark {
  atMs: number;
  name: string;
  kind: "backup" | "release" | "migration";
}

interface TimelineProps {
  fromMs: number;
  toMs: number;
  atMs: number;
  marks: TimelineMark[];
  onMove: (atMs: number) => void;
}

const secondMs = 1_000;
/** Arrow keys, with shift, and pages. */
const keys: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowUp: 1,
  PageDown: -600,
  PageUp: 600,
};
/** A mark so near is meant. */
const snapPx = 6;

const looks = {
  backup: "h-5 w-1 bg-good rounded-full",
  release: "h-3.5 w-0.5 bg-info",
  migration: "size-2 rotate-45 bg-warn",
};

/** A slider over the recovery window, to the second, with what happened in it. */
export function Timeline({ fromMs, toMs, atMs, marks, onMove }: TimelineProps) {
  const track = useRef<HTMLDivElement>(null);
  const spanMs = Math.max(1, toMs - fromMs);
  const placeOf = (ms: number) => `${((ms - fromMs) / spanMs) * 100}%`;
  const shown = marks.filter((mark) => mark.atMs >= fromMs && mark.atMs <= toMs);
  const move = (ms: number) => onMove(Math.min(toMs, Math.max(fromMs, Math.round(ms / secondMs) * secondMs)));
  const follow = ({ clientX }: PointerEvent) => {
    const box = track.current!.getBoundingClientRect();
    const at = fromMs + ((clientX - box.left) / box.width) * spanMs;
    const near = shown.find((mark) => (Math.abs(mark.atMs - at) / spanMs) * box.width < snapPx);
    move(near?.atMs ?? at);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Home") move(fromMs);
    else if (event.key === "End") onMove(toMs);
    else {
      const step = keys[event.key];
      if (step === undefined) return;
      move(atMs + step * secondMs * (event.shiftKey ? 60 : 1));
    }
    event.preventDefault();
  };
  return (
    <div className="select-none">
      <div
        ref={track}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={(event) => event.buttons === 1 && follow(event)}
        className="relative mx-2 h-12 cursor-ew-resize touch-none"
      >
        <div className="absolute inset-x-0 top-1/2 h-2 -translate-y-1/2 rounded-full bg-raised" />
        <div
          className="absolute top-1/2 left-0 h-2 -translate-y-1/2 rounded-full bg-accent-soft"
          style={{ width: placeOf(atMs) }}
        />
        {shown.map(({ atMs: at, name, kind }) => (
          <span
            key={`${kind} ${at} ${name}`}
            title={`${name}\n${new Date(at).toLocaleString()}`}
            className={classes("absolute top-1/2 -translate-x-1/2 -translate-y-1/2", looks[kind])}
            style={{ left: placeOf(at) }}
          />
        ))}
        <div
          role="slider"
          tabIndex={0}
          aria-label="Moment to bring back"
          aria-valuemin={fromMs}
          aria-valuemax={toMs}
          aria-valuenow={atMs}
          aria-valuetext={new Date(atMs).toLocaleString()}
          onKeyDown={onKey}
          className="absolute top-1/2 h-8 w-3 -translate-x-1/2 -translate-y-1/2 rounded-md border-2 border-accent bg-panel shadow-raised"
          style={{ left: placeOf(atMs) }}
        />
      </div>
      <div className="flex justify-between text-xs text-quiet">
        <When ms={fromMs} only="day" />
        <When ms={toMs} only="day" />
      </div>
      <ul aria-label="Marks" className="mt-2 flex flex-wrap gap-4 text-xs text-quiet">
        {(["backup", "release", "migration"] as const).map((kind) => (
          <li key={kind} className="flex items-center gap-2">
            <span aria-hidden="true" className={looks[kind]} />
            {kind}
          </li>
        ))}
      </ul>
    </div>
  );
}
