/** A mark below a chart: a release. */
export interface Mark {
  atMs: number;
  text: string;
}

const clock = (ms: number, isLong: boolean): string => {
  const date = new Date(ms);
  const two = (part: number) => String(part).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return isLong ? `${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}` : time;
};

/** Times below a chart of this many characters: at its beginning, middle and end. */
export function timeAxis(fromMs: number, toMs: number, width: number): string {
  const isLong = toMs - fromMs > 86_400_000;
  const line = Array.from({ length: width }, () => " ");
  const write = (text: string, at: number) => {
    for (const [index, letter] of [...text].entries()) if (at + index < width) line[at + index] = letter;
  };
  const [first, middle, last] = [fromMs, (fromMs + toMs) / 2, toMs].map((ms) => clock(ms, isLong)) as [
    string,
    string,
    string,
  ];
  write(first, 0);
  if (width >= 3 * last.length + 4) write(middle, Math.floor((width - middle.length) / 2));
  if (width >= 2 * last.length + 2) write(last, width - last.length);
  return line.join("");
}

/** `▲` where each mark is, with its text beside it where there is room; empty where no mark is within the time. */
export function markLine(marks: readonly Mark[], fromMs: number, toMs: number, width: number): string {
  const line = Array.from({ length: width }, () => " ");
  const shown = marks
    .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    .map(({ atMs, text }) => ({ text, at: Math.floor(((atMs - fromMs) / (toMs - fromMs)) * width) }))
    .sort((a, b) => a.at - b.at);
  for (const { at } of shown) line[at] = "▲";
  for (const { at, text } of shown) {
    // Behind it, or before it where the line ends.
    for (const from of [at + 1, at - text.length]) {
      const until = from + text.length;
      const around = line.slice(Math.max(0, from - (from < at ? 1 : 0)), until + (from > at ? 1 : 0));
      if (from < 0 || until > width || !around.every((letter) => letter === " ")) continue;
      line.splice(from, text.length, ...text);
      break;
    }
  }
  return line.join("").trimEnd();
}
