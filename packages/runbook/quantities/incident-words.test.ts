import { expect, test } from "bun:test";
import { businessTimeFrom, isBusinessTime, nextBusinessDay, readBusinessHours } from "./business-hours.ts";
import { MessageTemplate, templateFields } from "./message-template.ts";

const at = (text: string): number => Date.parse(text);
const values = Object.fromEntries(templateFields.map((field) => [field, field.toUpperCase()])) as never;

test("business hours are those of a place, also when its clocks change", () => {
  const berlin = readBusinessHours("Mon-Fri 09:00-17:00 Europe/Berlin");
  expect(isBusinessTime(berlin, at("2026-10-23T07:30:00Z"))).toBe(true);
  expect(isBusinessTime(berlin, at("2026-10-26T07:30:00Z"))).toBe(false);
  // Friday evening is Monday morning, after the night in which an hour comes twice.
  expect(new Date(businessTimeFrom(berlin, at("2026-10-23T18:00:00Z"))).toISOString()).toBe(
    "2026-10-26T08:00:00.000Z",
  );
  expect(new Date(nextBusinessDay(berlin, at("2026-10-22T08:00:00Z"))).toISOString()).toBe(
    "2026-10-23T07:00:00.000Z",
  );
  for (const wrong of ["always", "Mon-Fri", "Mon-Fri 17:00-09:00", "Mon-Fri 09:00-17:00 Mars/Base"])
    expect(() => readBusinessHours(wrong)).toThrow("no business hours");
});

test("words are filled in, and what they cannot mean is told when they are read", () => {
  expect(MessageTemplate.read("About {service}: {{x}} { title }.").fill(values)).toBe(
    "About SERVICE: {x} TITLE.",
  );
  expect(() => MessageTemplate.read("About {servcie}")).toThrow("{servcie} is no field");
  for (const wrong of ["About {service", "About service}", "{", "{a{b}}"])
    expect(() => MessageTemplate.read(wrong)).toThrow();
});
