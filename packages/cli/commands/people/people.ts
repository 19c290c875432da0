import type { ControlClient, Invitation, Person, RoleGrant } from "@evenkeel/control";
import { parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";

export function registerPeople(program: Command): void {
  const people = program
    .command("people")
    .summary("who may use the platform, and what they may do")
    .addHelpText(
      "after",
      `
Roles: owner (everything), operator (deploy, release, settings), viewer (look); on all apps, or on one as shop=operator.

Examples:
  evenkeel people owner-link
  evenkeel people invite ben@example.com --role viewer shop=operator
  evenkeel people role ben@example.com operator`,
    );
  people
    .command("ls")
    .alias("list")
    .summary("list people and open invitations")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel people ls")
    .action(list);
  people
    .command("owner-link")
    .summary("print a link for the first owner, while there is none")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel people owner-link")
    .action(ownerLink);
  people
    .command("invite")
    .summary("make a link that somebody joins with; it works once, for seven days")
    .argument("<email>", "whom the link is for")
    .requiredOption("--role <roles...>", "owner, operator or viewer of all apps, or of one as shop=operator")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel people invite ben@example.com --role viewer shop=operator")
    .action(invite);
  people
    .command("role")
    .summary("change what somebody may do, in place of what they might before")
    .argument("<email>", "whose roles")
    .argument(
      "<roles...>",
      "owner, operator or viewer of all apps, or of one as shop=operator; none: no role",
    )
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel people role ben@example.com viewer shop=operator")
    .action(role);
  people
    .command("reset-link")
    .summary("make a link by which somebody sets a new password; it ends their sessions and codes")
    .argument("<email>", "who cannot sign in")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel people reset-link ben@example.com")
    .action(resetLink);
  people
    .command("remove")
    .summary("remove an account with its sessions and tokens, or withdraw an invitation")
    .argument("<email>", "whose")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel people remove ben@example.com")
    .action(remove);
}

async function list(options: { json?: boolean }): Promise<void> {
  const found = await withControl((client) => client.listPeople());
  if (options.json) return void console.log(JSON.stringify(found));
  const { people, invitations } = found;
  if (people.length === 0 && invitations.length === 0)
    return void console.log("Nobody has an account. The first owner joins by: evenkeel people owner-link");
  const rows = [
    ...people.map((one: Person) => [
      one.email,
      one.name,
      told(one.roles),
      [one.hasCodes ? "codes" : "", one.passkeys > 0 ? `${one.passkeys} passkeys` : ""]
        .filter(Boolean)
        .join(", ") || "password only",
      one.lastSeenAtMs === undefined ? "–" : formatAge(one.lastSeenAtMs),
    ]),
    ...invitations.map((one: Invitation) => [one.email ?? "–", "", told(one.roles), "invited", "–"]),
  ];
  console.log(formatTable(["e-mail", "name", "may", "signs in with", "seen"], rows));
}

async function ownerLink(options: { json?: boolean }): Promise<void> {
  const made = await withControl((client) => client.makeOwnerLink());
  if (options.json) return void console.log(JSON.stringify(made));
  process.stderr.write("Whoever opens this link first becomes the owner. It works once, for 24 hours:\n");
  console.log(made.link);
}

async function invite(email: string, options: { role: string[]; json?: boolean }): Promise<void> {
  const made = await withControl((client) => client.invite({ email, roles: options.role.map(readRole) }));
  if (options.json) return void console.log(JSON.stringify(made));
  if (made.mailed === "sent") process.stderr.write(`The link went to ${email} by mail, too. `);
  else process.stderr.write(`Send this link to ${email}. `);
  process.stderr.write("It works once, for seven days:\n");
  console.log(made.link);
}

async function role(email: string, words: string[], options: { json?: boolean }): Promise<void> {
  const roles = words.filter((word) => word !== "none").map(readRole);
  const person = await withControl(async (client) =>
    client.setRoles({ person: (await personOf(client, email)).id, roles }),
  );
  console.log(options.json ? JSON.stringify(person) : `${email}: ${told(person.roles)}`);
}

async function resetLink(email: string, options: { json?: boolean }): Promise<void> {
  const made = await withControl(async (client) =>
    client.makeResetLink({ person: (await personOf(client, email)).id }),
  );
  if (options.json) return void console.log(JSON.stringify(made));
  process.stderr.write(`Send this link to ${email}, by a way that only they read:\n`);
  console.log(made.link);
}

async function remove(email: string, options: { json?: boolean }): Promise<void> {
  await withControl(async (client) => {
    const { invitations } = await client.listPeople();
    const open = invitations.find((one) => one.email === email.toLowerCase());
    if (open) return client.withdrawInvitation({ invitation: open.id });
    return client.removePerson({ person: (await personOf(client, email)).id });
  });
  console.log(options.json ? JSON.stringify({ email, removed: true }) : `${email} is removed.`);
}

async function personOf(client: ControlClient, email: string): Promise<Person> {
  const { people } = await client.listPeople();
  const found = people.find((one) => one.email === email.toLowerCase());
  if (found) return found;
  throw new UsageError(`Nobody has an account as ${email}`, {
    hint: "`evenkeel people ls` lists everybody.",
  });
}

function readRole(word: string): RoleGrant {
  const [left, right] = word.split("=", 2) as [string, string | undefined];
  const role = right ?? left;
  if (role !== "owner" && role !== "operator" && role !== "viewer")
    throw new UsageError(`"${word}" is no role`, {
      hint: "Say owner, operator or viewer for all apps, or APP=ROLE for one: shop=operator.",
    });
  return right === undefined ? { role } : { app: parseAppName(left), role };
}

const told = (roles: RoleGrant[]): string =>
  roles.map(({ app, role }) => (app === undefined ? role : `${app}=${role}`)).join(" ") || "nothing";
