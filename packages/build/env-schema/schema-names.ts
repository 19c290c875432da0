/** Files that may export the schema of an app's variables; the first that is there. */
export const envSchemaNames = ["env.ts", "env.mts", "env.mjs", "env.js"];

/** Where a prebuilt source has it, as one file: `<name>.mjs`. */
export const bundledSchemaFolder = ".vercel/env-schema";
