import { z } from "zod";
import { appParams, environmentName } from "./parameters.ts";
import { json } from "./route.ts";

export interface Domain {
  host: string;
  createdAtMs: number;
  createdBy: string;
  /** `http://<host>:<port>` */
  url: string;
}

/** Values are write-only: they are shown to builds and instances alone. */
export interface Variable {
  name: string;
  environment: z.infer<typeof environmentName>;
  version: number;
  updatedAtMs: number;
  updatedBy: string;
}

export const configurationRoutes = {
  listDomains: json<{ domains: Domain[] }>()({
    method: "GET",
    path: "/api/apps/:app/domains",
    permission: "read",
    params: appParams,
  }),
  /** Points to production from now on. */
  addDomain: json<Domain>()({
    method: "POST",
    path: "/api/apps/:app/domains",
    permission: "configure",
    params: appParams,
    body: z.strictObject({ host: z.string().max(253) }),
  }),
  removeDomain: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/domains/:host",
    permission: "configure",
    params: z.object({ ...appParams.shape, host: z.string().max(253) }),
  }),
  listVariables: json<{ variables: Variable[] }>()({
    method: "GET",
    path: "/api/apps/:app/variables",
    permission: "read",
    params: appParams,
    query: z.object({ environment: environmentName.optional() }),
  }),
  /** All or none. They reach deployments that are created afterwards. */
  setVariables: json<{ variables: Variable[] }>()({
    method: "PUT",
    path: "/api/apps/:app/variables",
    permission: "configure",
    params: appParams,
    body: z.strictObject({
      environments: z.array(environmentName).min(1).default(["production"]),
      variables: z.record(z.string(), z.string()),
    }),
  }),
  removeVariable: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/variables/:name",
    permission: "configure",
    params: z.object({ ...appParams.shape, name: z.string().max(256) }),
    query: z.object({ environment: environmentName.default("production") }),
  }),
};
