import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button, IconButton, OutLink } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { Input } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

export function DomainsPage() {
  const { app } = useAppEnvironment();
  const domains = useApi("listDomains", { app });
  const about = useApi("getApp", { app }).data;
  const viewer = useViewer();
  const refused = viewer.refusal("configure", app);
  const [host, setHost] = useState("");
  const [target, setTarget] = useState<string>();
  const add = useAct(
    () => call("addDomain", { app, host: host.trim() }),
    () => setHost(""),
  );
  const remove = useAct(
    () => call("removeDomain", { app, host: target! }),
    () => setTarget(undefined),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (refused === undefined && host.trim() !== "") add.mutate(undefined);
  };
  return (
    <Page
      title="Domains"
      about="Where production answers. Point the name's A or CNAME record at this machine first."
    >
      <Card title="Add a domain">
        <form onSubmit={submit} className="flex flex-wrap gap-2">
          <Input
            aria-label="Domain"
            placeholder="www.example.com"
            wide="min-w-48 flex-1"
            value={host}
            onChange={({ target: { value } }) => setHost(value)}
          />
          <Button type="submit" look="primary" busy={add.isPending} refused={refused}>
            Add
          </Button>
        </form>
        {add.error && (
          <div className="mt-3">
            <Fault fault={add.error} />
          </div>
        )}
      </Card>
      <Answer query={domains}>
        {({ domains: all }) => (
          <Card title="Addresses of production" flush>
            <Table
              label="Domains"
              items={[
                ...(about ? [{ host: new URL(about.url).host, url: about.url, own: true as const }] : []),
                ...all,
              ]}
              keyOf={({ host: name }) => name}
              columns={[
                { title: "Domain", cell: ({ host: name, url }) => <OutLink href={url}>{name}</OutLink> },
                {
                  title: "Added",
                  cell: (each) => ("own" in each ? "the platform's" : <Ago ms={each.createdAtMs} />),
                },
                { title: "By", cell: (each) => ("own" in each ? "–" : each.createdBy), minor: true },
                {
                  title: "Actions",
                  right: true,
                  cell: (each) =>
                    !("own" in each) && (
                      <IconButton
                        label={`Remove ${each.host}`}
                        icon="trash"
                        refused={refused}
                        onClick={() => setTarget(each.host)}
                      />
                    ),
                },
              ]}
            />
          </Card>
        )}
      </Answer>
      {target !== undefined && (
        <Confirm
          open
          danger
          onClose={() => setTarget(undefined)}
          title={`Remove ${target}`}
          action="Remove it"
          busy={remove.isPending}
          fault={remove.error}
          onConfirm={() => remove.mutate(undefined)}
        >
          Visitors of {target} find nothing there from now on. The app's other addresses stay.
        </Confirm>
      )}
    </Page>
  );
}
