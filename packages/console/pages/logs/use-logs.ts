import type { LogLine } from "@evenkeel/control/api/contract/index";
import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiFault, faultOf } from "../../api/api-fault.ts";
import { call, follow } from "../../api/call.ts";

interface Wanted {
  app: string;
  environment: "production" | "staging" | "preview" | undefined;
  text: string;
  level: string;
  isLive: boolean;
}

const pageSize = 200;
/** The page keeps so many lines, and takes so many new ones at once. */
const most = 20_000;
const paintEveryMs = 200;
const againAfterMs = 2_000;

/** Lines newest first: pages of what was printed, and above them what is printed now. */
export function useLogs({ app, environment, text, level, isLive }: Wanted) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [fault, setFault] = useState<ApiFault>();
  const [isReading, setReading] = useState(true);
  const [cursor, setCursor] = useState<string>();
  const [missed, setMissed] = useState(0);
  const query = {
    app,
    environment,
    text: text || undefined,
    level: (level || undefined) as "info" | undefined,
  };
  const key = JSON.stringify(query);
  const newest = useRef<string[]>([]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is the query
  useEffect(() => {
    const left = new AbortController();
    setReading(true);
    setFault(undefined);
    setMissed(0);
    call("searchLogs", { ...query, limit: pageSize }, left.signal)
      .then((page) => {
        newest.current = page.lines.map(({ id }) => id);
        setLines(page.lines);
        setCursor(page.cursor);
      })
      .catch((error) => {
        if (!left.signal.aborted) setFault(faultOf(error));
      })
      .finally(() => {
        if (!left.signal.aborted) setReading(false);
      });
    return () => left.abort();
  }, [key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is the query
  useEffect(() => {
    if (!isLive || isReading) return;
    const left = new AbortController();
    let fresh: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const paint = () => {
      timer = undefined;
      const taken = fresh;
      fresh = [];
      setLines((before) => {
        const known = new Set(before.slice(0, 500).map(({ id }) => id));
        const added = taken.filter(({ id }) => !known.has(id)).reverse();
        return [...added, ...before].slice(0, most);
      });
    };
    void (async () => {
      while (!left.signal.aborted) {
        try {
          // The newest again: what was printed between the search and this is not left out.
          const asked = { ...query, follow: "true" as const, newest: 50 };
          for await (const line of follow("streamLogs", asked, left.signal)) {
            if (fresh.length < most) fresh.push(line);
            else setMissed((number) => number + 1);
            timer ??= setTimeout(paint, paintEveryMs);
          }
          setFault(undefined);
        } catch (error) {
          if (left.signal.aborted) return;
          setFault(faultOf(error));
        }
        await new Promise((resolve) => setTimeout(resolve, againAfterMs));
      }
    })();
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [key, isLive, isReading]);

  const isFetching = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is the query
  const more = useCallback(() => {
    if (cursor === undefined || isFetching.current) return;
    isFetching.current = true;
    call("searchLogs", { ...query, limit: pageSize, cursor })
      .then((page) => {
        setLines((before) => [...before, ...page.lines].slice(0, most));
        setCursor(page.cursor);
      })
      .catch((error) => setFault(faultOf(error)))
      .finally(() => {
        isFetching.current = false;
      });
  }, [cursor, key]);

  return { lines, fault, isReading, isWhole: cursor === undefined, more, missed };
}
