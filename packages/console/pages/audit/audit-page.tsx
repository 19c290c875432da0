import type { AuditEntry } from "@evenkeel/control/api/contract/index";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { type ApiFault, faultOf } from "../../api/api-fault.ts";
import { call } from "../../api/call.ts";
import { useApi } from "../../api/use-api.ts";
import { Empty, Fault, Skeleton } from "../../kit/answer.tsx";
import { Select } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { Rows } from "../../kit/rows.tsx";
import { Ago } from "../../kit/time.tsx";

const pageSize = 200;

/** Who did what. It only grows. */
export function AuditPage() {
  const apps = useApi("listApps", {}).data?.apps ?? [];
  const [app, setApp] = useState("");
  const input = { app: app || undefined };
  const pages = useInfiniteQuery({
    queryKey: ["listAudit", input],
    queryFn: ({ pageParam, signal }) =>
      call("listAudit", { ...input, limit: pageSize, before: pageParam }, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ entries }) => (entries.length < pageSize ? undefined : entries.at(-1)?.id),
  });
  const entries = useMemo(() => pages.data?.pages.flatMap((page) => page.entries) ?? [], [pages.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const fault: ApiFault | undefined = pages.error ? faultOf(pages.error) : undefined;
  return (
    <Page
      title="Audit"
      about="Everything that somebody did, newest first. Nothing here is ever changed."
      actions={
        <Select aria-label="App" value={app} onChange={({ target }) => setApp(target.value)}>
          <option value="">Everything</option>
          {apps.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      }
    >
      {fault && <Fault fault={fault} onRetry={() => void pages.refetch()} />}
      <section className="overflow-hidden rounded-lg border border-line bg-panel">
        {pages.isPending ? (
          <Skeleton rows={8} />
        ) : entries.length === 0 ? (
          <Empty icon="audit" title="Nothing was done yet">
            <p>The first deploy is the first entry.</p>
          </Empty>
        ) : (
          <Rows label="Entries" items={entries} keyOf={({ id }) => id} heightPx={49} onEnd={more}>
            {(entry) => <Entry entry={entry} />}
          </Rows>
        )}
      </section>
    </Page>
  );
}

function Entry({ entry: { id, atMs, who, action, app, object, detail } }: { entry: AuditEntry }) {
  return (
    <details className="text-sm">
      <summary className="grid list-none grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-2 hover:bg-raised/50 sm:grid-cols-[12rem_minmax(0,1fr)_10rem_5.5rem]">
        <span className="truncate font-medium">{action.replaceAll("_", " ").replace(".", ": ")}</span>
        <span className="hidden min-w-0 truncate text-quiet sm:block">
          {[app, object].filter((part) => part !== undefined && part !== "").join(" · ")}
        </span>
        <span className="hidden truncate sm:block">{who}</span>
        <span className="text-right text-quiet">
          <Ago ms={atMs} />
        </span>
      </summary>
      <pre className="mx-4 mb-3 overflow-x-auto rounded-md bg-raised p-3 font-mono text-xs">
        {JSON.stringify(
          { id, at: new Date(atMs).toISOString(), who, action, app, object, ...detail },
          null,
          2,
        )}
      </pre>
    </details>
  );
}
