import {
  findInvitation,
  invite,
  listInvitations,
  makeOwnerLink,
  makeResetLink,
  withdrawInvitation,
} from "../../people/invitations/invitation-store.ts";
import { mailLink } from "../../people/invitations/mail-link.ts";
import {
  changeRoles,
  endSessionsOf,
  getPerson,
  listPeople,
  removePerson,
} from "../../people/person-store.ts";
import type { Linked, peopleRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function peopleHandlers({
  database,
  people,
  place,
  channels,
}: Pick<ControlParts, "database" | "people" | "place" | "channels">): HandlersOf<typeof peopleRoutes> {
  const { signIn, passkeys, codes } = people;
  const mailed = async (made: Omit<Linked, "mailed">): Promise<Linked> => ({
    ...made,
    mailed: await mailLink(channels, made, place.domain),
  });
  return {
    async getSignIn() {
      return { hasOwner: await people.hasOwner() };
    },
    signIn: ({ body, request }) => signIn.byPassword(request, body.email, body.password),
    signInByCode: ({ body, request }) => signIn.byCode(request, body),
    askPasskey: ({ request }) => passkeys.assertion(request),
    signInByPasskey: ({ body, request }) => signIn.byPasskey(request, body),
    lookAtLink: ({ body, request }) =>
      signIn.guarded(request, async () => {
        const { email, roles, person } = await findInvitation(database, body.secret);
        return {
          ...(email !== null && { email }),
          ...(person !== null && { name: (await getPerson(database, person)).name }),
          roles,
        };
      }),
    join: ({ body, request }) => people.join(request, body),
    async signOut({ caller, request }) {
      await people.signOut(request, caller.session!);
      return { signedOut: true };
    },
    getMe: ({ caller }) => people.me(caller),
    async renameMe({ body, caller }) {
      await database.query("UPDATE people SET name = $2 WHERE id = $1", [caller.session!.person, body.name]);
      return people.me(caller);
    },
    async confirmMe({ body, caller, request }) {
      await people.confirm(request, caller, body);
      return { isFresh: true };
    },
    askPasskeyAgain: ({ caller, request }) => passkeys.assertion(request, caller.session!.person),
    async changePassword({ body, caller, request }) {
      await people.changePassword(request, caller, body.current, body.next);
      return { changed: true };
    },
    async listSessions({ caller }) {
      return { sessions: await people.listSessions(caller) };
    },
    async endSession({ params, caller }) {
      await people.endSession(caller, params.session);
      return { ended: true };
    },
    async endOtherSessions({ caller }) {
      const { id, person } = caller.session!;
      return {
        ended: await database.transaction((connection) =>
          endSessionsOf(connection, { id: person, email: caller.name }, caller.name, id),
        ),
      };
    },
    beginCodes: ({ body, caller, request }) => codes.begin(request, caller, body.password),
    async confirmCodes({ body, caller, request }) {
      await codes.confirm(request, caller, body.code);
      return { confirmed: true };
    },
    async renewRecoveryCodes({ body, caller, request }) {
      return { recoveryCodes: await codes.renewRecoveryCodes(request, caller, body.password) };
    },
    async removeCodes({ body, caller, request }) {
      await codes.remove(request, caller, body.password);
      return { removed: true };
    },
    async listPasskeys({ caller }) {
      return { passkeys: await passkeys.list(caller.session!.person) };
    },
    askNewPasskey: async ({ caller, request }) =>
      passkeys.registration(request, await getPerson(database, caller.session!.person)),
    async addPasskey({ body, caller, request }) {
      const person = { id: caller.session!.person, email: caller.name };
      return { passkeys: await passkeys.register(request, person, body) };
    },
    async removePasskey({ params, caller }) {
      await passkeys.remove({ id: caller.session!.person, email: caller.name }, params.passkey);
      return { removed: true };
    },
    async listPeople() {
      return { people: await listPeople(database), invitations: await listInvitations(database) };
    },
    setRoles: ({ params, body, caller }) => changeRoles(database, params.person, body.roles, caller.name),
    async removePerson({ params, caller }) {
      await removePerson(database, params.person, caller.name);
      return { removed: true };
    },
    endSessionsOf: ({ params, caller }) =>
      database.transaction(async (connection) => ({
        ended: await endSessionsOf(connection, await getPerson(connection, params.person), caller.name),
      })),
    invite: async ({ body, caller }) => mailed(await invite(database, place, body, caller.name)),
    makeResetLink: async ({ params, caller }) =>
      mailed(await makeResetLink(database, place, params.person, caller.name)),
    async withdrawInvitation({ params, caller }) {
      await withdrawInvitation(database, params.invitation, caller.name);
      return { withdrawn: true };
    },
    makeOwnerLink: ({ caller }) => makeOwnerLink(database, place, caller.name),
  };
}
