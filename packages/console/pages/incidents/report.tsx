import type { IncidentInFull } from "@evenkeel/control/api/contract/index";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";

/** The report afterwards, to be taken along: text, and shown as text. */
export function Report({ incident: { id } }: { incident: IncidentInFull }) {
  const act = useAct(() => call("reportIncident", { incident: String(id) }));
  const save = (markdown: string) => {
    const url = URL.createObjectURL(new Blob([markdown], { type: "text/markdown" }));
    const link = Object.assign(document.createElement("a"), { href: url, download: `incident-${id}.md` });
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <Card
      title="Report"
      actions={
        <>
          {act.data && (
            <Button size="sm" onClick={() => save(act.data.markdown)}>
              Download
            </Button>
          )}
          <Button size="sm" busy={act.isPending} onClick={() => act.mutate(undefined)}>
            {act.data ? "Write it again" : "Write it"}
          </Button>
        </>
      }
    >
      {act.error && <Fault fault={act.error} />}
      {act.data ? (
        <pre className="max-h-96 overflow-auto font-mono text-xs leading-5 break-words whitespace-pre-wrap">
          {act.data.markdown}
        </pre>
      ) : (
        <p className="text-sm text-quiet">
          Times, causes, what was done and what is left to do, as Markdown.
        </p>
      )}
    </Card>
  );
}
