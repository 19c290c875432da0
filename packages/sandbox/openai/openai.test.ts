import { afterAll, beforeAll, expect, test } from "bun:test";
import OpenAI, { toFile } from "openai";
import { TestSandbox } from "../testing/test-sandbox.ts";
import { openai } from "./openai.ts";

const limitMs = 60_000;
let sandbox: TestSandbox;
let client: OpenAI;
beforeAll(async () => {
  sandbox = await TestSandbox.start([openai]);
  client = clientOf(sandbox.variables(openai));
});
afterAll(() => sandbox.stop());

/** As apps make it: everything comes from its variables. */
const clientOf = (variables: Record<string, string>) =>
  new OpenAI({ apiKey: variables["OPENAI_API_KEY"]!, baseURL: variables["OPENAI_BASE_URL"]!, maxRetries: 0 });

/** The SDK's promises override `then`: only `await` sees what becomes of them. */
async function refusal(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    return { accepted: await call };
  } catch (error) {
    return error;
  }
}

const context = `The library opens at nine on weekdays. On Sundays it stays closed.
Photosynthesis turns light into chemical energy in the chloroplast. Mitochondria release energy from sugar.`;
const ask = (content: string) => [
  { role: "system" as const, content: `Answer from these passages:\n${context}` },
  { role: "user" as const, content },
];

test(
  "chat answers are taken from the given text, say that they come from the sandbox, and are the same when streamed",
  async () => {
    const model = "gpt-4o-mini";
    const messages = ask("Where does photosynthesis happen?");
    const whole = await client.chat.completions.create({ model, messages });
    const text = whole.choices[0]!.message.content!;
    expect(text).toStartWith("(Sandbox)");
    expect(text).toContain("in the chloroplast");
    expect(text).not.toContain("Sundays");
    expect(whole.usage!.total_tokens).toBe(whole.usage!.prompt_tokens + whole.usage!.completion_tokens);
    const stream = await client.chat.completions.create({
      ...{ model, messages, stream: true as const, stream_options: { include_usage: true } },
    });
    let streamed = "";
    let usage: unknown;
    for await (const chunk of stream) {
      streamed += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    expect(streamed).toBe(text);
    expect(usage).toMatchObject({ total_tokens: whole.usage!.total_tokens });
    const unknown = await client.chat.completions.create({ model, messages: ask("Who won the elections?") });
    expect(unknown.choices[0]!.message.content).toContain("says nothing about");
    const cut = await client.chat.completions.create({ model, messages, max_tokens: 3 });
    expect(cut.choices[0]!.finish_reason).toBe("length");
  },
  limitMs,
);

test(
  "a JSON schema is kept to, and tools are called once before the answer",
  async () => {
    const schema = {
      type: "object",
      properties: {
        title: { type: "string", maxLength: 60 },
        body: { type: "string" },
        tags: { type: "array", items: { type: "string" }, minItems: 2 },
        mood: { type: "string", enum: ["calm", "excited"] },
        rating: { type: "integer", minimum: 1, maximum: 5 },
      },
    };
    const written = await client.chat.completions.create({
      model: "gpt-4o",
      messages: ask("Write an article about photosynthesis."),
      response_format: { type: "json_schema", json_schema: { name: "article", schema } },
    });
    const article = JSON.parse(written.choices[0]!.message.content!);
    expect(article.title.split(" ").length).toBeLessThanOrEqual(8);
    expect(article.body).toContain("chloroplast");
    expect(article.tags.length).toBeGreaterThanOrEqual(2);
    expect(["calm", "excited"]).toContain(article.mood);
    expect([1, 2, 3, 4, 5]).toContain(article.rating);
    const tools = [
      {
        type: "function" as const,
        function: {
          name: "opening_hours",
          description: "When the library is open",
          parameters: { type: "object", properties: { day: { type: "string", enum: ["sunday"] } } },
        },
      },
    ];
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: "user", content: "When is the library open?" },
    ];
    const called = await client.chat.completions.create({ model: "gpt-4o", messages, tools });
    const call = called.choices[0]!.message.tool_calls![0]!;
    expect(called.choices[0]!.finish_reason).toBe("tool_calls");
    expect(call).toMatchObject({ function: { name: "opening_hours", arguments: '{"day":"sunday"}' } });
    messages.push(called.choices[0]!.message, { role: "tool", tool_call_id: call.id, content: "closed" });
    const after = await client.chat.completions.create({ model: "gpt-4o", messages, tools });
    expect(after.choices[0]!.message.content).toContain("closed");
    const other = await client.chat.completions.create({
      model: "gpt-4o",
      messages: ask("Sing a song."),
      tools,
    });
    expect(other.choices[0]!.message.tool_calls).toBeUndefined();
  },
  limitMs,
);

test(
  "responses are made, streamed event by event, kept and deleted",
  async () => {
    const made = await client.responses.create({
      model: "gpt-5",
      instructions: context,
      input: "When does the library open?",
    });
    expect(made.output_text).toContain("opens at nine");
    expect((await client.responses.retrieve(made.id)).output_text).toBe(made.output_text);
    await client.responses.delete(made.id);
    expect(await refusal(client.responses.retrieve(made.id))).toMatchObject({ status: 404 });
    const stream = client.responses.stream({
      model: "gpt-5",
      instructions: context,
      input: "When does the library open?",
    });
    const types = new Set<string>();
    for await (const event of stream) types.add(event.type);
    expect(types).toContain("response.output_text.delta");
    expect((await stream.finalResponse()).output_text).toBe(made.output_text);
  },
  limitMs,
);

test(
  "similar texts have near vectors, in both encodings",
  async () => {
    const input = [
      "How do plants turn light into energy?",
      "Plants convert sunlight to chemical energy by photosynthesis.",
      "The invoice is due on the first of the month.",
    ];
    const { data } = await client.embeddings.create({ model: "text-embedding-3-small", input });
    const near = (a: number, b: number) =>
      data[a]!.embedding.reduce((sum, value, at) => sum + value * data[b]!.embedding[at]!, 0);
    expect(near(0, 0)).toBeCloseTo(1, 4);
    expect(near(0, 1)).toBeGreaterThan(near(0, 2) + 0.1);
    const short = await client.embeddings.create({
      ...{
        model: "text-embedding-3-large",
        input: "one",
        dimensions: 256,
        encoding_format: "float" as const,
      },
    });
    expect(short.data[0]!.embedding).toHaveLength(256);
    expect(
      await refusal(client.embeddings.create({ model: "text-embedding-3-small", input: "" })),
    ).toMatchObject({ status: 400 });
  },
  limitMs,
);

test(
  "what was spoken is heard again with times, and other recordings get a text as long as they are",
  async () => {
    const said = "Hello there. This will be published tomorrow.";
    for (const format of ["mp3", "wav"] as const) {
      const speech = await client.audio.speech.create({
        ...{ model: "tts-1", voice: "alloy", input: said, response_format: format },
      });
      const file = await toFile(Buffer.from(await speech.arrayBuffer()), `speech.${format}`);
      const heard = await client.audio.transcriptions.create({
        ...{
          file,
          model: "whisper-1",
          response_format: "verbose_json",
          timestamp_granularities: ["segment", "word"],
        },
      });
      expect(heard.text).toBe(said);
      expect(heard.segments!.map(({ text }) => text.trim())).toEqual([
        "Hello there.",
        "This will be published tomorrow.",
      ]);
      expect(heard.segments!.at(-1)!.end).toBeCloseTo(heard.duration, 0);
      expect(heard.words).toHaveLength(7);
    }
    const webm = Buffer.alloc(240_000);
    webm.writeUInt32BE(0x1a45dfa3, 0);
    const long = await client.audio.transcriptions.create({
      file: await toFile(webm, "talk.webm"),
      model: "whisper-1",
    });
    expect(long.text).toContain("sandbox");
    expect(long.text.split(" ").length).toBeGreaterThan(100);
    const text = client.audio.transcriptions.create({
      file: await toFile(Buffer.from("no audio at all"), "a.webm"),
      model: "whisper-1",
    });
    expect(await refusal(text)).toMatchObject({ status: 400 });
    const large = await toFile(Buffer.alloc(26 * 1024 * 1024), "large.wav");
    expect(
      await refusal(client.audio.transcriptions.create({ file: large, model: "whisper-1" })),
    ).toMatchObject({ status: 413 });
  },
  limitMs,
);

test(
  "images are real pictures, by address and inline, and the same for the same order of requests",
  async () => {
    const inline = await client.images.generate({
      model: "gpt-image-1",
      prompt: "a red bicycle",
      size: "1024x1024",
    });
    const png = Buffer.from(inline.data![0]!.b64_json!, "base64");
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1024, 1024]);
    const shown = await client.images.generate({
      model: "dall-e-3",
      prompt: "a red bicycle",
      size: "1792x1024",
    });
    const response = await fetch(shown.data![0]!.url!);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await response.arrayBuffer()).readUInt32BE(16)).toBe(1792);
  },
  limitMs,
);

test(
  "wrong keys, unknown models and too many tokens get OpenAI's own errors",
  async () => {
    const wrong = clientOf({ ...sandbox.variables(openai), OPENAI_API_KEY: "sk-wrong" });
    expect(await refusal(wrong.models.list())).toMatchObject({ status: 401, code: "invalid_api_key" });
    expect(await refusal(client.models.retrieve("gpt-0"))).toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    expect((await client.models.list()).data.length).toBeGreaterThan(10);
    expect((await client.moderations.create({ input: "I will kill you" })).results[0]!.flagged).toBe(true);
    const busy = clientOf(sandbox.variables(openai, sandbox.account("busy")));
    const messages = [{ role: "user" as const, content: "word ".repeat(100_000) }];
    const first = await busy.chat.completions.create({ model: "gpt-4o", messages }).withResponse();
    expect(Number(first.response.headers.get("x-ratelimit-remaining-tokens"))).toBeLessThan(100_000);
    const refused = await busy.chat.completions.create({ model: "gpt-4o", messages }).catch((error) => error);
    expect(refused).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  },
  limitMs,
);
