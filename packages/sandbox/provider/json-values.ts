type Values = Record<string, unknown>;

export const recordOf = (value: unknown): Values | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : undefined;
export const recordsOf = (value: unknown): Values[] =>
  Array.isArray(value) ? value.map(recordOf).filter((one) => one !== undefined) : [];

/** Text of a message's content: a text, or parts of which some are text. */
export const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : recordsOf(content)
        .map((part) => (typeof part["text"] === "string" ? part["text"] : ""))
        .filter((text) => text !== "")
        .join("\n");
