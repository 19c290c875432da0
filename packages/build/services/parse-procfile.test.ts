import { expect, test } from "bun:test";
import { parseProcfile } from "./parse-procfile.ts";

test("a Procfile as Heroku reads it: comments, blank lines, CR LF, a command taken as it stands", () => {
  const text =
    '# processes\r\n\r\nweb: gunicorn app:app --bind "0.0.0.0:$PORT" # not a comment of ours\r\n' +
    "worker_2:node a.js && node b.js   \n  clock: sleep\t1\n   # indented\nrelease: ./migrate";
  expect(parseProcfile(text)).toEqual({
    web: 'gunicorn app:app --bind "0.0.0.0:$PORT" # not a comment of ours',
    worker_2: "node a.js && node b.js",
    clock: "sleep\t1",
    release: "./migrate",
  });
});

test("each slip is refused with its file, its line and what to do", () => {
  const slips: [text: string, message: string, hint: RegExp][] = [
    ["web:\tnode a.js", 'Procfile, line 1: a tab stands after "web:"', /space/],
    ["#\n\tweb: node a.js", 'Procfile, line 2: a tab stands before "web:"', /space/],
    ["web: a\n\nweb: b", 'Procfile, line 3: "web" stands there a second time, after line 1', /Keep one/],
    ["web:", 'Procfile, line 1: "web" has no command', /colon/],
    ["web: # later", 'Procfile, line 1: "web" has no command', /colon/],
    ["web: a\n<<<<<<< HEAD", 'Procfile, line 2: "<<<<<<< HEAD" is no process', /web: node/],
    ["web node a.js", 'Procfile, line 1: "web node a.js" is no process', /web: node/],
    ["wéb: a", 'Procfile, line 1: "wéb: a" is no process', /web: node/],
    [`${"w".repeat(64)}: a`, `Procfile, line 1: the name "${"w".repeat(20)}…" is too long`, /63/],
    ["web: a\0b", "Procfile, line 1: it holds a NUL character", /UTF-8/],
    ["# nothing\n\n", "Procfile names no process", /remove the file/],
  ];
  for (const [text, message, hint] of slips) {
    let seen: unknown;
    try {
      seen = parseProcfile(text);
    } catch (error) {
      seen = error;
    }
    expect(seen).toMatchObject({ code: "procfile_invalid", message, hint: expect.stringMatching(hint) });
  }
});
