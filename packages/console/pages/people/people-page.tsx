import type { Person, RoleGrant } from "@evenkeel/control/api/contract/index";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button, IconButton } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { Menu } from "../../kit/menu.tsx";
import { Page } from "../../kit/page.tsx";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";
import { Invite } from "./invite.tsx";
import { RolesDialog } from "./roles-dialog.tsx";

export function PeoplePage() {
  const people = useApi("listPeople", {});
  const viewer = useViewer();
  const refused = viewer.refusal("admin");
  const [isInviting, setInviting] = useState(false);
  const [changed, setChanged] = useState<Person>();
  const [removed, setRemoved] = useState<Person>();
  const remove = useAct(
    () => call("removePerson", { person: removed!.id }),
    () => setRemoved(undefined),
  );
  const end = useAct((person: string) => call("endSessionsOf", { person }));
  const reset = useAct((person: string) => call("makeResetLink", { person }));
  const withdraw = useAct((invitation: string) => call("withdrawInvitation", { invitation }));
  const fault = end.error ?? reset.error ?? withdraw.error;
  return (
    <Page
      title="People"
      about="Who may do what: viewers see, operators run, owners see secrets and manage people; on all apps or on single ones."
      actions={
        <Button look="primary" icon="plus" refused={refused} onClick={() => setInviting(true)}>
          Invite
        </Button>
      }
    >
      {fault && <Fault fault={fault} />}
      {reset.data && (
        <div
          role="status"
          className="flex flex-col gap-2 rounded-lg border border-line bg-info-soft p-4 text-sm"
        >
          <p>This link sets a new password. It works once, and is not shown again:</p>
          <Copyable text={reset.data.link} />
        </div>
      )}
      <Answer query={people} rows={4}>
        {({ people: all, invitations }) => (
          <>
            <Card title="People" flush>
              {all.length === 0 ? (
                <Empty icon="people" title="Nobody has an account yet">
                  <p>This prints a link for the first owner, on the machine itself:</p>
                  <p className="mt-4">
                    <Copyable text="evenkeel people owner-link" />
                  </p>
                </Empty>
              ) : (
                <Table
                  label="People"
                  items={all}
                  keyOf={({ id }) => id}
                  columns={[
                    {
                      title: "Name",
                      cell: ({ name, email, id }) => (
                        <>
                          <span className="flex items-center gap-2 font-medium">
                            {name} {id === viewer.me?.person.id && <Badge tone="quiet">you</Badge>}
                          </span>
                          <span className="text-xs text-quiet">{email}</span>
                        </>
                      ),
                    },
                    { title: "Roles", cell: ({ roles }) => <Roles roles={roles} /> },
                    {
                      title: "Signs in by",
                      minor: true,
                      cell: ({ hasCodes, passkeys }) =>
                        [passkeys > 0 && "passkey", hasCodes ? "password and code" : "password"]
                          .filter(Boolean)
                          .join(", "),
                    },
                    { title: "Seen", cell: ({ lastSeenAtMs }) => <Ago ms={lastSeenAtMs} />, minor: true },
                    {
                      title: "Actions",
                      right: true,
                      cell: (person) => (
                        <Menu
                          label={`What to do with ${person.name}`}
                          trigger={<IconButton label={`What to do with ${person.name}`} icon="more" />}
                          items={[
                            {
                              label: "Change roles …",
                              icon: "shield",
                              refused,
                              onSelect: () => setChanged(person),
                            },
                            {
                              label: "End all sessions",
                              icon: "cross",
                              refused,
                              onSelect: () => end.mutate(person.id),
                            },
                            {
                              label: "Link for a new password",
                              icon: "key",
                              refused,
                              onSelect: () => reset.mutate(person.id),
                            },
                            "line",
                            {
                              label: "Remove …",
                              icon: "trash",
                              danger: true,
                              refused,
                              onSelect: () => setRemoved(person),
                            },
                          ]}
                        />
                      ),
                    },
                  ]}
                />
              )}
            </Card>
            {invitations.length > 0 && (
              <Card title="Invitations" note="open" flush>
                <Table
                  label="Invitations"
                  items={invitations}
                  keyOf={({ id }) => id}
                  columns={[
                    { title: "For", cell: ({ email }) => email ?? "whoever has the link" },
                    { title: "Roles", cell: ({ roles }) => <Roles roles={roles} /> },
                    { title: "By", cell: ({ createdBy }) => createdBy, minor: true },
                    { title: "Ends", cell: ({ expiresAtMs }) => <Ago ms={expiresAtMs} /> },
                    {
                      title: "Actions",
                      right: true,
                      cell: ({ id }) => (
                        <Button size="sm" look="ghost" refused={refused} onClick={() => withdraw.mutate(id)}>
                          Withdraw
                        </Button>
                      ),
                    },
                  ]}
                />
              </Card>
            )}
          </>
        )}
      </Answer>
      {isInviting && <Invite onClose={() => setInviting(false)} />}
      {changed && <RolesDialog person={changed} onClose={() => setChanged(undefined)} />}
      {removed && (
        <Confirm
          open
          danger
          onClose={() => setRemoved(undefined)}
          title={`Remove ${removed.name}`}
          action="Remove"
          word={removed.email}
          busy={remove.isPending}
          fault={remove.error}
          onConfirm={() => remove.mutate(undefined)}
        >
          With their sessions and tokens. What they did stays in the audit log.
        </Confirm>
      )}
    </Page>
  );
}

function Roles({ roles }: { roles: RoleGrant[] }) {
  return (
    <span className="flex flex-wrap gap-1">
      {roles.map(({ app, role }) => (
        <Badge
          key={app ?? ""}
          tone={role === "owner" ? "info" : "quiet"}
          icon={role === "owner" ? "shield" : role === "operator" ? "rocket" : "eye"}
        >
          {role}
          {app === undefined ? "" : ` of ${app}`}
        </Badge>
      ))}
    </span>
  );
}
