import type { BuildLogLine } from "@evenkeel/build";
import type { Deployment } from "@evenkeel/control/api/contract/index";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { type ApiFault, faultOf } from "../../api/api-fault.ts";
import { follow } from "../../api/call.ts";
import { Fault } from "../../kit/answer.tsx";
import { Card } from "../../kit/card.tsx";
import { classes } from "../../kit/classes.ts";

const underWay = new Set(["queued", "building", "deploying"]);
/** The page keeps so many lines; all of them are in the app's logs. */
const most = 5_000;
const paintEveryMs = 100;

/** Lines as they are printed. Colours of terminals are left out; everything else is text, whatever it looks like. */
export function BuildLog({ deployment: { id, state } }: { deployment: Deployment }) {
  const isLive = underWay.has(state);
  const { lines, fault } = useBuildLog(id);
  const box = useRef<HTMLDivElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new line moves it
  useLayoutEffect(() => {
    if (isFollowing && isLive && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length, isFollowing, isLive]);
  return (
    <Card title="Build log" note={isLive ? "live" : `${lines.length} lines`} flush>
      {fault && <Fault fault={fault} />}
      <div
        ref={box}
        role="log"
        aria-label="Build log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < 24)
        }
        className="max-h-[28rem] overflow-auto py-3 font-mono text-xs leading-5"
      >
        {lines.length === 0 && !fault && (
          <p className="px-4 text-quiet">{isLive ? "Nothing is printed yet." : "It printed nothing."}</p>
        )}
        {lines.map((line, index) => (
          <p
            // biome-ignore lint/suspicious/noArrayIndexKey: lines only come after each other
            key={index}
            className={classes(
              "px-4 break-words whitespace-pre-wrap hover:bg-raised/60",
              line.stream === "stderr" && "text-warn",
              line.stream === "platform" && "text-accent",
            )}
          >
            {withoutColours(line.text) || " "}
          </p>
        ))}
      </div>
    </Card>
  );
}

const withoutColours = (text: string): string => text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "");

function useBuildLog(deployment: string): { lines: BuildLogLine[]; fault: ApiFault | undefined } {
  const [lines, setLines] = useState<BuildLogLine[]>([]);
  const [fault, setFault] = useState<ApiFault>();
  useEffect(() => {
    const left = new AbortController();
    const read: BuildLogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const paint = () => {
      timer = undefined;
      setLines(read.slice(-most));
    };
    setLines([]);
    setFault(undefined);
    void (async () => {
      try {
        for await (const line of follow("readBuildLog", { deployment, follow: "true" }, left.signal)) {
          read.push(line);
          timer ??= setTimeout(paint, paintEveryMs);
        }
      } catch (error) {
        if (!left.signal.aborted) setFault(faultOf(error));
      }
    })();
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [deployment]);
  return { lines, fault };
}
