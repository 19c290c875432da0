/** A conversation as every model's API has it, without what only one of them knows. */
export interface Conversation {
  /** Instructions and everything said, oldest first. */
  turns: { role: "system" | "user" | "assistant" | "tool"; text: string }[];
  tools: Tool[];
  /** `none`, `auto`, `required`, or the name of one. */
  toolChoice: string;
  /** What the answer has to fit, as a JSON schema; `true` for any JSON. */
  schema: Record<string, unknown> | true | undefined;
  /** In tokens. */
  longest: number | undefined;
}

export interface Tool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface Written {
  text: string;
  toolCalls: { name: string; arguments: Record<string, unknown> }[];
  /** It was cut at `longest`. */
  cut: boolean;
}
