import { z } from "zod";

/** What this app needs to run. Any host may check it before a deployment takes traffic: it is a Standard Schema. */
const schema = z
  .object({
    /** A role that owns the tables but does not bypass row-level security. A pooled address is fine. */
    DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, "must be the address of a PostgreSQL database"),
    /** Without a pooler between, for LISTEN; the same where it is not given. */
    DIRECT_URL: z
      .string()
      .regex(/^postgres(ql)?:\/\//, "must be the address of a PostgreSQL database")
      .optional(),
    VAPI_API_KEY: z.string().min(16, "must be the private key of the Vapi account"),
    /** The line that new campaigns begin with. */
    VAPI_PHONE_NUMBER_ID: z.string().min(1).optional(),
    VAPI_BASE_URL: z.url().default("https://api.vapi.ai"),
    /** Signs Vapi's messages to us. While it is being changed the old one is good, too. */
    WEBHOOK_SHARED_SECRET: z.string().min(32, "must have 32 characters or more"),
    WEBHOOK_SHARED_SECRET_PREVIOUS: z.string().min(32, "must have 32 characters or more").optional(),
    /** What the scheduler says who it is with. Vercel's own scheduler uses CRON_SECRET: one of the two has to be there. */
    CRON_SHARED_SECRET: z.string().min(16, "must have 16 characters or more").optional(),
    CRON_SECRET: z.string().min(16, "must have 16 characters or more").optional(),
    /** Who is let in first, by a link that is good once: `/welcome?token=SETUP_TOKEN`. */
    FIRST_ADMIN_EMAIL: z.email().optional(),
    SETUP_TOKEN: z.string().min(16, "must have 16 characters or more").optional(),
    DEFAULT_CONCURRENCY_CAP: z.coerce.number().int().min(1).max(1000).default(8),
    /** Seconds between ticks: when a call is looked after that nothing was heard of. */
    DEFAULT_CRON_CADENCE: z.coerce.number().int().min(1).max(3600).default(60),
    LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
    PUBLIC_URL: z.url().optional(),
    VERCEL_ENV: z.string().optional(),
    VERCEL_PROJECT_PRODUCTION_URL: z.string().optional(),
    VERCEL_BRANCH_URL: z.string().optional(),
    VERCEL_URL: z.string().optional(),
  })
  .refine((given) => given.CRON_SHARED_SECRET !== undefined || given.CRON_SECRET !== undefined, {
    path: ["CRON_SHARED_SECRET"],
    message: "or CRON_SECRET has to be set",
  });

export default schema;
