import { getPerson } from "../../people/person-store.ts";
import { adminTokenId } from "../../tokens/admin-token.ts";
import { revokeToken } from "../../tokens/token-store.ts";
import type { deviceLoginRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function deviceLoginHandlers({
  database,
  people,
}: Pick<ControlParts, "database" | "people">): HandlersOf<typeof deviceLoginRoutes> {
  const { deviceLogins, signIn } = people;
  return {
    beginDeviceLogin: ({ body, request }) =>
      signIn.rationed(request, () => deviceLogins.begin({ ...body, address: request.address })),
    redeemDeviceLogin: ({ body }) => deviceLogins.redeem(body.device_code),
    lookAtDeviceLogin: ({ body, request }) =>
      signIn.guarded(request, async () => {
        const { client, address, permissions, created_at } = await deviceLogins.look(body.userCode);
        return { client, address, permissions, createdAtMs: created_at.getTime() };
      }),
    decideDeviceLogin: ({ body, caller, request }) =>
      signIn.guarded(request, async () => {
        await deviceLogins.decide(body.userCode, caller, body.allow);
        return { allowed: body.allow };
      }),
    async whoami({ caller }) {
      const { actor, permissions, onApps } = caller;
      const id = /^person:(.*)$/.exec(caller.voice)?.[1];
      const person = id === undefined ? undefined : await getPerson(database, id);
      return {
        ...{ actor, permissions: [...permissions] },
        onApps: Object.fromEntries([...onApps].map(([app, each]) => [app, [...each]])),
        ...(person && { person: { email: person.email, name: person.name, roles: person.roles } }),
      };
    },
    async endOwnToken({ caller: { actor, name } }) {
      // The machine's own is replaced, never ended; a session is ended by signing out.
      const isOne = actor.kind === "token" && actor.id !== adminTokenId;
      if (isOne) await revokeToken(database, actor.id, name);
      return { revoked: isOne };
    },
  };
}
