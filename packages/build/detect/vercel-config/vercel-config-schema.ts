import { buildsSchema, getFunctionsSchema } from "@vercel/build-utils";
import {
  cleanUrlsSchema,
  headersSchema,
  redirectsSchema,
  rewritesSchema,
  routesSchema,
  trailingSlashSchema,
} from "@vercel/routing-utils";

const text = { type: "string", minLength: 1 };
const textOrNull = { type: ["string", "null"] };
const textRecord = { type: "object", additionalProperties: { type: "string" } };
const texts = { type: "array", items: text };
const anything = {};
const jitterMinutes = { type: "integer", minimum: 0, maximum: 15 };
const schedule = {
  type: "object",
  properties: { schedule: { type: "string", maxLength: 256 }, timezone: text, jitter: jitterMinutes },
};

/**
 * `vercel.json` (https://vercel.com/docs/project-configuration/vercel-json). Parts that Vercel publishes as schemas are Vercel's;
 * keys that mean nothing here, such as regions, are still known: files are used unchanged.
 */
export const vercelConfigSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    $schema: text,
    alias: { anyOf: [text, texts] },
    build: { type: "object", additionalProperties: false, properties: { env: textRecord } },
    buildCommand: textOrNull,
    builds: buildsSchema,
    bulkRedirectsPath: textOrNull,
    bunVersion: text,
    cleanUrls: cleanUrlsSchema,
    crons: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["path", "schedule"],
        properties: {
          path: { type: "string", pattern: "^/", maxLength: 512 },
          schedule: { type: "string", maxLength: 256 },
        },
      },
    },
    customErrorPage: anything,
    devCommand: textOrNull,
    env: textRecord,
    experimentalServiceGroups: anything,
    experimentalServices: anything,
    experimentalServicesV2: anything,
    fluid: { type: "boolean" },
    framework: textOrNull,
    functionFailoverRegions: texts,
    functions: getFunctionsSchema(),
    git: {
      type: "object",
      properties: { deploymentEnabled: { anyOf: [{ type: "boolean" }, { type: "object" }] } },
    },
    github: { type: "object" },
    headers: headersSchema,
    ignoreCommand: textOrNull,
    images: {
      type: "object",
      additionalProperties: false,
      required: ["sizes"],
      properties: {
        contentDispositionType: { enum: ["inline", "attachment"] },
        contentSecurityPolicy: text,
        dangerouslyAllowSVG: { type: "boolean" },
        domains: texts,
        formats: { type: "array", items: { enum: ["image/avif", "image/webp", "image/jpeg", "image/png"] } },
        localPatterns: {
          type: "array",
          items: {
            type: "object",
            additionalProperties: false,
            properties: { pathname: text, search: { type: "string" } },
          },
        },
        minimumCacheTTL: { type: "integer", minimum: 1 },
        qualities: { type: "array", items: { type: "integer", minimum: 1, maximum: 100 } },
        remotePatterns: {
          type: "array",
          items: {
            type: "object",
            additionalProperties: false,
            required: ["hostname"],
            properties: {
              protocol: { enum: ["http", "https"] },
              hostname: text,
              port: { type: "string" },
              pathname: text,
              search: { type: "string" },
            },
          },
        },
        sizes: { type: "array", minItems: 1, items: { type: "number" } },
      },
    },
    installCommand: textOrNull,
    microfrontends: anything,
    name: text,
    outputDirectory: textOrNull,
    passiveRegions: texts,
    probes: anything,
    proxy: anything,
    public: { type: "boolean" },
    redirects: redirectsSchema,
    regions: texts,
    relatedProjects: texts,
    rewrites: rewritesSchema,
    routes: routesSchema,
    // An array for the CLI, an object by name in the documentation; what the values mean is `scheduleProblem`'s to judge.
    schedules: {
      type: ["array", "object"],
      items: {
        ...schedule,
        required: ["name"],
        properties: {
          ...schedule.properties,
          name: text,
          expression: {
            type: "object",
            required: ["cron"],
            properties: { cron: { type: "string", maxLength: 256 }, jitter: jitterMinutes },
          },
          target: { type: "object" },
        },
      },
      additionalProperties: { ...schedule, required: ["schedule"] },
    },
    scope: text,
    services: anything,
    trailingSlash: trailingSlashSchema,
    version: { enum: [2] },
    wildcard: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["domain", "value"],
        properties: { domain: text, value: text },
      },
    },
  },
};
