/** Markers of goose, dbmate, node-pg-migrate and sql-migrate: `-- +goose Up`, `-- migrate:up`, `-- Up Migration`, `-- +migrate Up`. */
const marker =
  /^\s*--\s*(?:\+goose\s+(up|down)|migrate:\s*(up|down)|(up|down)\s+migration|\+migrate\s+(up|down))\b.*$/i;

/** Of a file with the way up and the way down in it, the way up; of any other, all. Lines keep their numbers. */
export function upSection(sql: string): string {
  let direction: "up" | "down" = "up";
  let marked = false;
  const lines = sql.split("\n").map((line) => {
    const match = marker.exec(line);
    if (match) {
      marked = true;
      direction = (match[1] ?? match[2] ?? match[3] ?? match[4])!.toLowerCase() as "up" | "down";
    }
    return direction === "up" ? line : "";
  });
  return marked ? lines.join("\n").trimEnd() : sql;
}
