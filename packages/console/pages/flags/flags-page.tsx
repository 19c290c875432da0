import type { Flag } from "@evenkeel/control/api/contract/index";
import { call } from "../../api/call.ts";
import { type Environment, useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Select } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";

export function FlagsPage() {
  const { app, environment } = useAppEnvironment();
  const flags = useApi("listFlags", { app, environment });
  return (
    <Page
      title="Flags"
      about="Declared with the release; what is changed here stands over it, in force within milliseconds."
      actions={<EnvironmentChoice />}
    >
      <Answer query={flags}>
        {({ flags: all }) => (
          <section className="overflow-hidden rounded-lg border border-line bg-panel">
            {all.length === 0 ? (
              <Empty icon="flag" title="No flags are declared">
                <p>
                  Put a <code className="font-mono text-xs">flags.flagd.json</code> beside the app; it is in
                  force with the next release.
                </p>
              </Empty>
            ) : (
              <ul>
                {all.map((flag) => (
                  <FlagRow key={flag.key} app={app} environment={environment} flag={flag} />
                ))}
              </ul>
            )}
          </section>
        )}
      </Answer>
      <History app={app} environment={environment} />
    </Page>
  );
}

interface FlagRowProps {
  app: string;
  environment: Environment;
  flag: Flag;
}

const declared = "(as declared)";
const off = "(disabled)";

function FlagRow({ app, environment, flag }: FlagRowProps) {
  const { key, state, variants, defaultVariant, targeting, override, metadata } = flag;
  const viewer = useViewer();
  const act = useAct((chosen: string) => {
    const of = { app, environment, flag: key };
    if (chosen === declared) return call("resetFlag", of);
    return call("overrideFlag", chosen === off ? { ...of, disabled: true } : { ...of, variant: chosen });
  });
  const now = override === undefined ? declared : "variant" in override ? override.variant : off;
  const refused = viewer.refusal("release", app);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-mono text-sm font-medium break-all">{key}</span>
          {state === "DISABLED" && <Badge tone="quiet">disabled</Badge>}
          {override !== undefined && <Badge tone="warn">changed</Badge>}
          {metadata?.["public"] === true && (
            <Badge tone="info" icon="globe">
              public
            </Badge>
          )}
        </p>
        <p className="mt-0.5 truncate text-xs text-quiet">
          default {defaultVariant ?? "in the code"}
          {targeting !== undefined && Object.keys(targeting as object).length > 0 ? ", with targeting" : ""}
        </p>
      </div>
      <Select
        aria-label={`Variant of ${key}`}
        value={now}
        disabled={refused !== undefined || act.isPending}
        {...(refused === undefined ? {} : { title: refused })}
        onChange={({ target }) => act.mutate(target.value)}
      >
        <option value={declared}>As declared</option>
        {Object.entries(variants).map(([name, value]) => (
          <option key={name} value={name}>
            Everybody: {name} ({JSON.stringify(value)})
          </option>
        ))}
        <option value={off}>Disabled</option>
      </Select>
      {act.error && (
        <div className="w-full">
          <Fault fault={act.error} />
        </div>
      )}
    </li>
  );
}

function History({ app, environment }: { app: string; environment: Environment }) {
  const { data } = useApi("flagHistory", { app, environment, limit: 20 });
  const viewer = useViewer();
  const act = useAct((version: number) => call("rollbackFlags", { app, environment, version }));
  if (!data || data.versions.length === 0) return null;
  const newest = data.versions[0]?.version;
  return (
    <Card title="History" flush>
      {act.error && <Fault fault={act.error} />}
      <Table
        label="Versions"
        items={data.versions}
        keyOf={({ version }) => version}
        columns={[
          { title: "Version", cell: ({ version }) => version },
          { title: "When", cell: ({ createdAtMs }) => <Ago ms={createdAtMs} /> },
          { title: "Who", cell: ({ createdBy }) => createdBy },
          {
            title: "What",
            cell: ({ action, detail }) => (
              <>
                {action} <span className="font-mono text-xs break-words text-quiet">{short(detail)}</span>
              </>
            ),
          },
          {
            title: "Actions",
            right: true,
            cell: ({ version }) =>
              version !== newest && (
                <Button
                  size="sm"
                  look="ghost"
                  icon="undo"
                  busy={act.isPending && act.variables === version}
                  refused={viewer.refusal("release", app)}
                  onClick={() => act.mutate(version)}
                >
                  Bring back
                </Button>
              ),
          },
        ]}
      />
    </Card>
  );
}

const short = (detail: Record<string, unknown>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ")
    .slice(0, 200);
