import type { GrantablePermission, Me } from "@evenkeel/control/api/contract/index";
import { capabilitiesOf, may, maySomewhere } from "@evenkeel/control/people/capabilities";
import type { AppName } from "@evenkeel/model";
import { useMemo } from "react";
import { tabToken } from "./session.ts";
import { useApi } from "./use-api.ts";

export interface Viewer {
  name: string;
  /** Absent: a token. */
  me: Me | undefined;
  /** Why not; undefined: they may. */
  refusal(permission: GrantablePermission, app?: string): string | undefined;
  refusalSomewhere(permission: GrantablePermission): string | undefined;
}

/** Who looks at the console, and what they may do: by the same table as the API. The API has the last word. */
export function useViewer(): Viewer {
  const hasToken = tabToken.read() !== null;
  const { data: me } = useApi("getMe", {}, { enabled: !hasToken });
  return useMemo(() => {
    // What a token may do is not known here; the API refuses what it may not.
    if (hasToken)
      return { name: "token", me: undefined, refusal: () => undefined, refusalSomewhere: () => undefined };
    if (!me) return { name: "", me, refusal: () => "One moment", refusalSomewhere: () => "One moment" };
    const capabilities = capabilitiesOf(me.person.roles);
    const word = (isAllowed: boolean, permission: GrantablePermission) =>
      isAllowed
        ? undefined
        : `Your role lacks the permission "${permission}"; an owner can give you one that has it`;
    return {
      name: me.person.name,
      me,
      refusal: (permission, app) =>
        word(may(capabilities, permission, app as AppName | undefined), permission),
      refusalSomewhere: (permission) => word(maySomewhere(capabilities, permission), permission),
    };
  }, [hasToken, me]);
}
