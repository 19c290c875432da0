import { z } from "zod";

/** What this app needs to run. Any host may check it before a deployment takes traffic: it is a Standard Schema. */
export default z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, "must be the address of a PostgreSQL database"),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, "must be an account SID: AC and 32 hexadecimal digits"),
  TWILIO_AUTH_TOKEN: z.string().min(16, "must be the account's auth token"),
  TWILIO_PHONE_NUMBER: z.string().regex(/^\+[1-9]\d{6,14}$/, "must be a number like +15551230100"),
  CRON_SECRET: z.string().min(16, "must have 16 characters or more"),
  /** Whoever has it makes the first operator. */
  SETUP_TOKEN: z.string().min(16, "must have 16 characters or more").optional(),
  PUBLIC_URL: z.url().optional(),
  /** A Twilio Studio flow that takes over replies which no conversation expects. */
  TWILIO_STUDIO_FLOW_URL: z.url().optional(),
  /** Texts a second that the sending number may send. */
  TWILIO_MESSAGES_PER_SECOND: z.coerce.number().min(0.1).max(1000).default(10),
  VERCEL_ENV: z.string().optional(),
  VERCEL_PROJECT_PRODUCTION_URL: z.string().optional(),
  VERCEL_BRANCH_URL: z.string().optional(),
  VERCEL_URL: z.string().optional(),
});
