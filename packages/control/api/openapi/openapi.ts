import { z } from "zod";
import { contract, type Permission, type Route, type RouteKind } from "../contract/index.ts";

type Json = Record<string, unknown>;

const replies: Record<RouteKind, { description: string; content: Json }> = {
  json: { description: "Done; an object", content: { "application/json": { schema: { type: "object" } } } },
  upload: {
    description: "Received; an object",
    content: { "application/json": { schema: { type: "object" } } },
  },
  stream: {
    description:
      'One JSON object a line, as they come; empty lines keep the connection alive. The last line may be `{"error": …}`.',
    content: { "application/x-ndjson": { schema: { type: "string" } } },
  },
  events: {
    description: "Server-Sent Events",
    content: { "text/event-stream": { schema: { type: "string" } } },
  },
  text: { description: "Text", content: { "text/plain": { schema: { type: "string" } } } },
};

const errorSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: {
        code: { type: "string", description: "Stable; docs/ERRORS.md lists them." },
        message: { type: "string" },
        hint: { type: "string", description: "The remedy." },
      },
    },
  },
};

/**
 * The contract as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html). What is asked is described by the schemas that requests are read with.
 * Answers are TypeScript types of the contract and stand here as objects.
 */
export function openApi(serverUrl: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(contract) as [string, Route][]) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: "3.1.1",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Evenkeel",
      version: "0.1.0",
      description: "The control plane of one machine.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas: { Error: errorSchema },
      responses: {
        Error: {
          description: "Refused or failed",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "`evk_…`: `evenkeel login` or `evenkeel token create`.",
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "__Host-evenkeel.session_token",
          description: "Of the console; changes need an `Origin` that is the host asked for.",
        },
      },
    },
  };
}

function operation(name: string, route: Route): Json {
  return {
    operationId: name,
    summary: name
      .replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)
      .replace(/^./, (first) => first.toUpperCase()),
    tags: [tagOf(route)],
    ...describe(route),
    parameters: [...parameters(route, "path"), ...parameters(route, "query")],
    ...(requestBody(route) ?? {}),
    responses: { "200": replies[route.kind], default: { $ref: "#/components/responses/Error" } },
    security: securityOf(route.permission),
    "x-evenkeel-permission": route.permission,
  };
}

const tagOf = ({ path }: Route): string =>
  /^\/api\/apps\/:app\/([a-z-]+)/.exec(path)?.[1] ?? /^\/(?:api\/)?([a-z-]+)/.exec(path)![1]!;

const describe = ({ permission, isFresh }: Route): Json => ({
  description: `Needs the permission \`${permission}\`.${isFresh ? " A person has to have proven who they are in the last ten minutes." : ""}`,
});

const securityOf = (permission: Permission): Json[] => {
  if (permission === "public") return [];
  if (permission === "person") return [{ session: [] }];
  return permission === "push" ? [{ token: [] }] : [{ token: [] }, { session: [] }];
};

function parameters(route: Route, where: "path" | "query"): Json[] {
  const schema = where === "path" ? route.params : route.query;
  const { properties = {}, required = [] } = schema
    ? (jsonSchema(schema) as { properties?: Record<string, Json>; required?: string[] })
    : {};
  const names =
    where === "path" ? [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name!) : Object.keys(properties);
  return names.map((name) => ({
    ...{ name, in: where, required: where === "path" || required.includes(name) },
    schema: properties[name] ?? { type: "string" },
  }));
}

function requestBody({ kind, body }: Route): Json | undefined {
  if (kind === "upload")
    return {
      requestBody: {
        required: true,
        content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
      },
    };
  if (!body) return undefined;
  return { requestBody: { required: true, content: { "application/json": { schema: jsonSchema(body) } } } };
}

/** What a client sends: before defaults and transformations. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    ...{ target: "draft-2020-12", io: "input", unrepresentable: "any" },
    override({ zodSchema, jsonSchema }) {
      const { def } = zodSchema._zod;
      // A query's numbers are text that is read as numbers.
      if (def.type === "number" && "coerce" in def && def.coerce)
        jsonSchema.type = (zodSchema as z.ZodNumber).isInt ? "integer" : "number";
    },
  });
  return made;
}
