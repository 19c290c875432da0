"use client";
import { useEffect, useState } from "react";

/** What the server pushes about `path`, beginning with what the page was made with. `connected` is false while nothing can come. */
export function useLive<News>(path: string, first: News): { news: News; connected: boolean } {
  const [news, setNews] = useState(first);
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    const source = new EventSource(`/api/live${path}`);
    source.onopen = () => setConnected(true);
    source.onmessage = ({ data }) => setNews(JSON.parse(data) as News);
    source.onerror = () => setConnected(false);
    return () => source.close();
  }, [path]);
  return { news, connected };
}
