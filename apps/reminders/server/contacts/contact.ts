import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { z } from "zod";
import { isTimeZone } from "../reminders/recurrence.ts";

/** Any way of writing a number that names its country → E.164. */
export const phone = z
  .string()
  .trim()
  .max(40)
  .transform((value, context) => {
    const number = parsePhoneNumberFromString(value);
    if (number?.isValid()) return number.number as string;
    context.addIssue({
      code: "custom",
      message: "must be a telephone number with its country, like +1 415 555 2671",
    });
    return z.NEVER;
  });

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time like 21:00");
const language = z.string().regex(/^[a-z]{2,3}$/, "must be a language like en");

export const contactSchema = z
  .object({
    name: z.string().trim().min(1, "is missing").max(100),
    phone,
    timeZone: z.string().refine(isTimeZone, "must be a time zone like Europe/Berlin"),
    language: language.default("en"),
    quietFrom: time.nullish().transform((value) => value ?? null),
    quietUntil: time.nullish().transform((value) => value ?? null),
  })
  .refine((contact) => (contact.quietFrom === null) === (contact.quietUntil === null), {
    path: ["quietUntil"],
    message: "Quiet hours need both a beginning and an end",
  });

export const caregiverSchema = z.object({
  name: z.string().trim().min(1).max(100),
  phone,
  language: language.default("en"),
  afterMissed: z.int().min(1).max(30).default(2),
});

export type NewContact = z.output<typeof contactSchema>;
