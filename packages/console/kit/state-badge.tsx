import type { Shown } from "./states.ts";
import { Badge } from "./status.tsx";

export function StateBadge({ shown: { tone, word, icon, moving } }: { shown: Shown }) {
  return (
    <Badge tone={tone} {...(icon ? { icon } : {})} {...(moving ? { moving } : {})}>
      {word}
    </Badge>
  );
}
