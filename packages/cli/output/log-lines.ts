import type { LogLine } from "@evenkeel/control";

const paints: Record<LogLine["level"], string> = {
  trace: "2",
  debug: "2",
  info: "",
  warn: "33",
  error: "31",
  fatal: "1;31",
};

/** A colour is added where people look: on a terminal, unless NO_COLOR says otherwise. */
export const mayColour = (): boolean =>
  process.stdout.isTTY === true && process.env["TERM"] !== "dumb" && process.env["NO_COLOR"] === undefined;

/**
 * One line of a log for people: time, deployment, process, mark of the stream (`!` standard error, `*` the platform), what was said, its
 * fields, and the id of its request.
 */
export function formatLogLine(line: LogLine, colour: boolean): string {
  const paint = (code: string, text: string) =>
    colour && code !== "" && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
  const mark = line.stream === "stderr" ? "!" : line.stream === "platform" ? "*" : " ";
  const level = line.level === "info" ? "" : line.level.toUpperCase();
  const fields = line.fields === undefined ? "" : fieldText(line.fields);
  const request = line.requestId === undefined ? "" : paint("36", traceLink(line.requestId, colour));
  return [
    paint("2", new Date(line.atMs).toISOString()),
    paint("2", line.deployment ?? ""),
    ...(line.process === undefined ? [] : [paint("35", line.process)]),
    ...(line.build ? [paint("35", "build")] : []),
    mark,
    ...(level === "" ? [] : [paint(paints[line.level], level)]),
    paint(paints[line.level], line.text),
    ...(fields === "" ? [] : [paint("2", fields)]),
    ...(request === "" ? [] : [request]),
  ].join(" ");
}

/** `status=500 user={"id":4}` */
const fieldText = (fields: Record<string, unknown>): string =>
  Object.entries(fields)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`,
    )
    .join(" ");

/** A link that terminals show (OSC 8); what it leads to is the command that shows the request's way. */
const traceLink = (id: string, colour: boolean): string =>
  colour ? `\u001b]8;;evenkeel:trace/${encodeURIComponent(id)}\u001b\\${id}\u001b]8;;\u001b\\` : id;
