import { z } from "zod";
import { line } from "../kinds/words.ts";

/** A day that there is, `2027-01-31`. */
const day = z
  .string()
  .refine(
    (text) =>
      /^\d{4}-\d\d-\d\d$/.test(text) &&
      !Number.isNaN(Date.parse(text)) &&
      new Date(text).toISOString().startsWith(text),
    "is no day: write it as '2027-01-31'",
  );

/** Clauses, or whole sections, that a person sees to. */
export const byHandSchema = z.record(
  z.string().min(1).max(300),
  z.strictObject({ owner: line, due: day, note: line.optional() }),
);
