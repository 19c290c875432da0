import assert from "node:assert/strict";
import { test } from "node:test";
import { safeCell } from "./safe-cell.ts";

test("no cell of an export is a formula, and none breaks its row", () => {
  assert.equal(safeCell('=HYPERLINK("http://x","y")'), `"'=HYPERLINK(""http://x"",""y"")"`);
  for (const begin of ["=", "+", "-", "@", "\t", "\r", "\n"])
    assert.match(safeCell(`${begin}cmd|' /C calc'!A0`), /^"?'/);
  assert.equal(safeCell("+14155552671"), "+14155552671");
  assert.equal(safeCell('a "b", c'), '"a ""b"", c"');
  assert.equal(safeCell(-5), "-5");
  assert.equal(safeCell(null), "");
});
