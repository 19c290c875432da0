import { Icon } from "../kit/icon.tsx";
import { useLiveState } from "./live-context.ts";

/** Said plainly while the control plane is away. What was typed stays; what was shown stays; apps are not concerned. */
export function AwayBanner() {
  if (useLiveState() !== "away") return null;
  return (
    <div
      role="status"
      className="flex items-center gap-2 border-b border-line bg-warn-soft px-4 py-2 text-sm sm:px-6"
    >
      <Icon name="alert" className="shrink-0 text-warn" />
      <p>
        <strong className="font-medium">The control plane does not answer.</strong> Your apps go on being
        served. What you see is from before; this page goes on by itself as soon as it is back.
      </p>
    </div>
  );
}
