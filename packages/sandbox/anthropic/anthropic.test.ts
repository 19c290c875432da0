import { afterAll, beforeAll, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { TestSandbox } from "../testing/test-sandbox.ts";
import { anthropic } from "./anthropic.ts";

const limitMs = 60_000;
const model = "claude-sonnet-5-5";
let sandbox: TestSandbox;
let client: Anthropic;
beforeAll(async () => {
  sandbox = await TestSandbox.start([anthropic]);
  client = clientOf(sandbox.variables(anthropic));
});
afterAll(() => sandbox.stop());

const clientOf = (variables: Record<string, string>) =>
  new Anthropic({
    apiKey: variables["ANTHROPIC_API_KEY"]!,
    baseURL: variables["ANTHROPIC_BASE_URL"]!,
    maxRetries: 0,
  });

async function refusal(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    return { accepted: await call };
  } catch (error) {
    return error;
  }
}

test(
  "messages are answered from the given text, at once and as a stream",
  async () => {
    const wish = {
      ...{ model, max_tokens: 200, system: "The shop opens at ten. Bread is sold out by noon." },
      messages: [{ role: "user" as const, content: "When is bread sold out?" }],
    };
    const whole = await client.messages.create(wish);
    const { text: said } = whole.content[0] as Anthropic.TextBlock;
    expect(said).toContain("sold out by noon");
    expect(whole).toMatchObject({ stop_reason: "end_turn", role: "assistant" });
    const stream = client.messages.stream(wish);
    let text = "";
    stream.on("text", (piece) => {
      text += piece;
    });
    expect((await stream.finalMessage()).usage).toMatchObject({ output_tokens: whole.usage.output_tokens });
    expect(text).toBe(said);
    const format = {
      type: "json_schema" as const,
      schema: { type: "object", properties: { when: { type: "string" } } },
    };
    const fitting = await client.messages.create({ ...wish, output_config: { format } });
    expect(JSON.parse((fitting.content[0] as Anthropic.TextBlock).text).when).toContain("noon");
    expect((await client.messages.create({ ...wish, max_tokens: 2 })).stop_reason).toBe("max_tokens");
    expect(
      (await client.messages.countTokens({ model, messages: wish.messages })).input_tokens,
    ).toBeGreaterThan(3);
  },
  limitMs,
);

test(
  "tools are called, and their results told",
  async () => {
    const tools = [
      {
        name: "get_weather",
        description: "The weather of a city",
        input_schema: {
          type: "object" as const,
          properties: { city: { type: "string" as const, enum: ["Bern"] } },
        },
      },
    ];
    const messages: Anthropic.MessageParam[] = [{ role: "user", content: "How is the weather?" }];
    const called = await client.messages.create({ model, max_tokens: 100, tools, messages });
    const [use] = called.content as Anthropic.ToolUseBlock[];
    expect(use).toMatchObject({ type: "tool_use", name: "get_weather", input: { city: "Bern" } });
    messages.push({ role: "assistant", content: called.content });
    messages.push({
      role: "user",
      content: [{ type: "tool_result", tool_use_id: use!.id, content: "sunny" }],
    });
    const after = await client.messages.create({ model, max_tokens: 100, tools, messages });
    expect(after.content[0]).toMatchObject({ text: expect.stringContaining("sunny") });
  },
  limitMs,
);

test(
  "mistakes get Anthropic's own errors",
  async () => {
    const wrong = clientOf({ ...sandbox.variables(anthropic), ANTHROPIC_API_KEY: "sk-ant-wrong" });
    expect(await refusal(wrong.models.list())).toMatchObject({ status: 401 });
    const empty = client.messages.create({ model, max_tokens: 10, messages: [] });
    expect(await refusal(empty)).toMatchObject({
      status: 400,
      error: { error: { type: "invalid_request_error" } },
    });
    expect((await client.models.list()).data.length).toBeGreaterThan(2);
  },
  limitMs,
);
