import { expect, test } from "bun:test";
import { parse } from "dotenv";
import { formatEnvFile } from "./env-file.ts";

test("values of every kind are read back as they were", () => {
  const variables = {
    PLAIN: "a-b_c/d:e",
    EMPTY: "",
    SPACES: "  two words  ",
    HASH: "before # after",
    SINGLE: "it's",
    DOUBLE: 'say "so"',
    BOTH: `it's "so"`,
    TICKS: "`ls` isn't",
    DOLLAR: "$HOME $(id)",
    LINES: "one\ntwo\n",
    ESCAPES: "C:\\new\\table",
    KEY: "-----BEGIN KEY-----\nMIIE+/=\n-----END KEY-----",
    UNICODE: "grün ✓",
  };
  expect(parse(formatEnvFile(variables))).toEqual(variables);
});

test("a value that no quotes can hold is refused by its name", () => {
  const value = `"'\`\\n\n# secret`;
  expect(() => formatEnvFile({ FINE: "x", BAD: value })).toThrow(/hold the values of BAD:/);
});
