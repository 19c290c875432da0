import { createContext, useContext, useSyncExternalStore } from "react";
import type { Live, LiveState } from "../api/live.ts";

export const LiveContext = createContext<Live | undefined>(undefined);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("LiveContext is missing");
  return live;
}

export function useLiveState(): LiveState {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, () => live.state);
}
