import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listErrors, readErrorClasses, renderErrorList } from "./error-list.ts";

test("docs/ERRORS.md lists exactly the errors of the code", () => {
  expect(readFileSync(join(import.meta.dir, "../docs/ERRORS.md"), "utf8")).toBe(
    renderErrorList(listErrors()),
  );
});

test("every error says what it means", () => {
  expect(
    listErrors()
      .filter((error) => error.meaning === "")
      .map((error) => error.code),
  ).toEqual([]);
});

test("an error class is read with its code, fault and meaning", () => {
  const source = `/** The door\n * is closed. */\nexport class DoorError extends EvenkeelError {\n  readonly code = "door_closed";\n  readonly fault = "user";\n}`;
  expect(readErrorClasses(source, "house")).toEqual([
    { code: "door_closed", fault: "user", meaning: "The door is closed.", package: "house" },
  ]);
});
