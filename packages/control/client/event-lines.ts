import { lineSplitter } from "@evenkeel/wire";
import { ApiError } from "../errors.ts";

/** Reads a stream of the API: one JSON value a line; `{"error":{…}}` ends it by throwing `ApiError`; empty lines keep it alive. */
export async function* readEventLines<Event>(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Event, void, void> {
  let lines: string[] = [];
  const split = lineSplitter((line) => lines.push(line));
  for await (const chunk of body) {
    split(chunk);
    const received = lines;
    lines = [];
    for (const line of received) {
      if (line === "") continue;
      const event = JSON.parse(line);
      if (event.error && event.type === undefined && event.text === undefined)
        throw new ApiError(event.error, 500);
      yield event;
    }
  }
}
