import type { DeploymentSummary } from "@evenkeel/control/api/contract/index";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { ApiFault } from "../../api/api-fault.ts";
import { call } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useApi } from "../../api/use-api.ts";
import { Empty, Fault, Skeleton } from "../../kit/answer.tsx";
import { OutLink } from "../../kit/button.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Choice } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { Rows } from "../../kit/rows.tsx";
import { Badge } from "../../kit/status.tsx";
import { Canary } from "../releases/canary.tsx";
import { BranchLinks } from "./branch-links.tsx";
import { DeploymentRow } from "./deployment-row.tsx";

const pageSize = 100;
const choices = [
  ["all", "All"],
  ["production", "Production"],
  ["staging", "Staging"],
  ["preview", "Previews"],
] as const;

export function DeploymentsPage() {
  const { app } = useAppEnvironment();
  const { env, branch } = useSearch({ from: "/shell/apps/$app" });
  const navigate = useNavigate();
  const shown = choices.find(([each]) => each === env)?.[0] ?? "all";
  const environment = shown === "all" ? undefined : shown;
  const about = useApi("getApp", { app });
  const pages = useInfiniteQuery({
    queryKey: ["listDeployments", { app, environment }],
    queryFn: ({ pageParam, signal }) =>
      call("listDeployments", { app, environment, limit: pageSize, before: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ deployments }) =>
      deployments.length < pageSize ? undefined : deployments.at(-1)?.id,
  });
  const all = useMemo(() => pages.data?.pages.flatMap(({ deployments }) => deployments) ?? [], [pages.data]);
  const list = useMemo(
    () => (branch === undefined ? all : all.filter((deployment) => deployment.branch === branch)),
    [all, branch],
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const current = about.data?.production?.id;
  return (
    <Page
      title="Deployments"
      about={
        about.data?.production ? (
          <OutLink href={about.data.url}>{new URL(about.data.url).host}</OutLink>
        ) : (
          "Nothing is released yet."
        )
      }
      actions={
        <Choice
          label="Environment"
          value={shown}
          options={choices}
          onChange={(next) =>
            void navigate({
              to: ".",
              search: (before: object) => ({
                ...before,
                env: next === "all" ? undefined : next,
                branch: undefined,
              }),
              replace: true,
            })
          }
        />
      }
    >
      <Canary app={app} environment={shown === "staging" ? "staging" : "production"} />
      <BranchLinks
        deployments={all}
        chosen={branch}
        onChoose={(next) =>
          void navigate({ to: ".", search: (before: object) => ({ ...before, branch: next }), replace: true })
        }
      />
      <section className="overflow-hidden rounded-lg border border-line bg-panel">
        {pages.error && list.length === 0 ? (
          <Fault fault={pages.error as ApiFault} onRetry={() => void pages.refetch()} />
        ) : pages.isPending ? (
          <Skeleton rows={6} />
        ) : list.length === 0 ? (
          <Empty icon="rocket" title="No deployments here">
            <p>Deploy the app, or push a branch with git.</p>
            <p className="mt-4">
              <Copyable
                text={`evenkeel deploy path/to/app --app ${app}${environment === "production" ? " --prod" : ""}`}
              />
            </p>
          </Empty>
        ) : (
          <Rows label="Deployments" items={list} keyOf={(each) => each.id} heightPx={61} onEnd={more}>
            {(deployment: DeploymentSummary) => (
              <DeploymentRow
                deployment={deployment}
                mark={deployment.id === current && <Badge tone="good">Live</Badge>}
              />
            )}
          </Rows>
        )}
        {isFetchingNextPage && <Skeleton rows={2} />}
      </section>
    </Page>
  );
}
