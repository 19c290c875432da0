"use client";
import { useRouter } from "next/navigation";
import { useEffect } from "react";

/** Fetches the page again when its campaign changes: for pages that wait for the rest of what they show. */
export function LiveRefresh({ campaign }: { campaign: string }) {
  const router = useRouter();
  useEffect(() => {
    const source = new EventSource(`/api/live?campaign=${campaign}`);
    let later: ReturnType<typeof setTimeout> | undefined;
    source.onmessage = () => {
      later ??= setTimeout(() => {
        later = undefined;
        router.refresh();
      }, 1_000);
    };
    return () => {
      source.close();
      clearTimeout(later);
    };
  }, [campaign, router]);
  return null;
}
