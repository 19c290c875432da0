import type { SeededRandom } from "../accounts/seeded-random.ts";
import { readMp3, spokenMp3 } from "../audio/spoken-mp3.ts";
import { readWav, spokenWav, wordsPerSecond } from "../audio/spoken-wav.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Given } from "../provider/provider.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";
import { sentencesOf } from "../writing/words.ts";
import { invalidRequest } from "./openai-error.ts";
import { takeFromLimits } from "./rate-limits.ts";

export const largestUploadBytes = 25 * 1024 * 1024;
/** Of recordings whose length only a decoder could tell: Opus at 32 kbit/s, as browsers record speech. */
const usualBytesPerSecond = 4_000;
const longestSpeech = 4_096;

const kinds: Record<string, (bytes: Buffer) => boolean> = {
  flac: (bytes) => bytes.toString("latin1", 0, 4) === "fLaC",
  mp3: (bytes) =>
    bytes.toString("latin1", 0, 3) === "ID3" || (bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0),
  mp4: (bytes) => bytes.toString("latin1", 4, 8) === "ftyp",
  ogg: (bytes) => bytes.toString("latin1", 0, 4) === "OggS",
  wav: (bytes) => bytes.toString("latin1", 0, 4) === "RIFF",
  webm: (bytes) => bytes.readUInt32BE(0) === 0x1a45dfa3,
};

/** `POST /v1/audio/transcriptions` and `/translations`: https://platform.openai.com/docs/api-reference/audio */
export async function createTranscription({ account, request }: Given): Promise<Answer> {
  let form: FormData;
  try {
    const type = request.headers["content-type"] ?? "";
    form = (await new Response(request.body, { headers: { "content-type": type } }).formData()) as FormData;
  } catch {
    return invalidRequest("Could not parse multipart form");
  }
  const file = form.get("file");
  const model = form.get("model");
  if (typeof model !== "string" || model === "")
    return invalidRequest("you must provide a model parameter", "model");
  if (!(file instanceof Blob)) return invalidRequest("Missing required parameter: 'file'.", "file");
  const bytes = Buffer.from(await file.arrayBuffer());
  if (bytes.length < 12)
    return invalidRequest(
      "Audio file is too short. Minimum audio length is 0.1 seconds.",
      "file",
      "audio_too_short",
    );
  if (!Object.values(kinds).some((is) => is(bytes))) {
    return invalidRequest(
      "Invalid file format. Supported formats: ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm']",
      "file",
    );
  }
  const taken = takeFromLimits(account, model, 0);
  if ("refused" in taken) return taken.refused;
  const known = readWav(bytes) ??
    readMp3(bytes) ?? { seconds: bytes.length / usualBytesPerSecond, text: undefined };
  const seed = Bun.hash(bytes).toString(16);
  const text = known.text ?? unheard(known.seconds, account.random("openai.transcript", seed));
  const language = form.get("language");
  return render(
    { text, seconds: known.seconds, language: typeof language === "string" ? language : "english" },
    String(form.get("response_format") ?? "json"),
    form.getAll("timestamp_granularities[]").includes("word"),
    taken.headers,
  );
}

const fillers = [
  "This is the sandbox's transcript: there is a recording, but nobody here can hear it.",
  "Today I want to talk about an idea that I had on the way to work.",
  "It began with a small question, and then it became a bigger one.",
  "What matters to me is that people understand it at once.",
  "So I tried it out, and the first attempt did not work.",
  "The second attempt was better, because I had learned something.",
  "Let me give you an example that everybody knows from daily life.",
  "In the end it is simple, if you look at it from the right side.",
];

/** Sentences for as long as the recording is. */
function unheard(seconds: number, random: SeededRandom): string {
  const sentences = [fillers[0]!];
  let words = fillers[0]!.split(" ").length;
  while (words + 12 < seconds * wordsPerSecond) {
    const sentence = random.pick(fillers.slice(1));
    sentences.push(sentence);
    words += sentence.split(" ").length;
  }
  return sentences.join(" ");
}

interface Heard {
  text: string;
  seconds: number;
  language: string;
}

function render(heard: Heard, format: string, withWords: boolean, headers: Record<string, string>): Answer {
  const { text, seconds, language } = heard;
  const segments = segmentsOf(heard);
  switch (format) {
    case "text":
      return {
        status: 200,
        headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
        text: `${text}\n`,
      };
    case "srt":
      return {
        status: 200,
        headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
        text: subtitles(segments, ","),
      };
    case "vtt":
      return {
        ...{ status: 200, headers: { ...headers, "content-type": "text/plain; charset=utf-8" } },
        text: `WEBVTT\n\n${subtitles(segments, ".")}`,
      };
    case "verbose_json":
      return json(
        {
          ...{ task: "transcribe", language, duration: round(seconds), text, segments },
          ...(withWords ? { words: wordsOf(segments) } : {}),
          usage: { type: "duration", seconds: Math.ceil(seconds) },
        },
        200,
        headers,
      );
    case "json":
      return json({ text, usage: { type: "duration", seconds: Math.ceil(seconds) } }, 200, headers);
    default:
      return invalidRequest(
        `Invalid value: '${format}'. Supported values: json, text, srt, verbose_json, vtt.`,
        "response_format",
      );
  }
}

/** One a sentence, each as long as its share of the words. */
function segmentsOf({ text, seconds }: Heard) {
  const sentences = sentencesOf(text);
  const all = sentences.reduce((sum, sentence) => sum + sentence.length, 0) || 1;
  let start = 0;
  return sentences.map((sentence, id) => {
    const end = start + (sentence.length / all) * seconds;
    const segment = {
      ...{ id, seek: 0, start: round(start), end: round(end), text: ` ${sentence}`, tokens: [] as number[] },
      ...{ temperature: 0, avg_logprob: -0.2, compression_ratio: 1.4, no_speech_prob: 0.01 },
    };
    start = end;
    return segment;
  });
}

type Segment = ReturnType<typeof segmentsOf>[number];

const wordsOf = (segments: Segment[]) =>
  segments.flatMap(({ start, end, text }) => {
    const words = text.trim().split(/\s+/);
    const each = (end - start) / words.length;
    return words.map((word, index) => ({
      word,
      start: round(start + index * each),
      end: round(start + (index + 1) * each),
    }));
  });

const subtitles = (segments: Segment[], point: string): string =>
  segments
    .map(
      ({ start, end, text }, index) =>
        `${index + 1}\n${clock(start, point)} --> ${clock(end, point)}\n${text.trim()}\n`,
    )
    .join("\n");

const clock = (seconds: number, point: string): string =>
  new Date(Math.round(seconds * 1_000)).toISOString().slice(11, 23).replace(".", point);

const round = (seconds: number): number => Math.round(seconds * 100) / 100;

/** `POST /v1/audio/speech`; silence that says in a comment what it would say. */
export function createSpeech({ account, request }: Given): Answer {
  const body = jsonObjectOf(request);
  if (!body) return invalidRequest("We could not parse the JSON body of your request.");
  const { model, input, voice } = body;
  if (typeof model !== "string" || model === "")
    return invalidRequest("you must provide a model parameter", "model");
  if (typeof input !== "string" || input === "")
    return invalidRequest("Missing required parameter: 'input'.", "input");
  if (input.length > longestSpeech)
    return invalidRequest(
      `[{'type': 'string_too_long', 'loc': ('body', 'input')}]: at most ${longestSpeech} characters`,
      "input",
    );
  if (voice === undefined) return invalidRequest("Missing required parameter: 'voice'.", "voice");
  const taken = takeFromLimits(account, model, Math.ceil(input.length / 4));
  if ("refused" in taken) return taken.refused;
  switch (body["response_format"] ?? "mp3") {
    case "mp3":
      return {
        status: 200,
        headers: { ...taken.headers, "content-type": "audio/mpeg" },
        bytes: spokenMp3(input),
      };
    case "wav":
      return {
        status: 200,
        headers: { ...taken.headers, "content-type": "audio/wav" },
        bytes: spokenWav(input),
      };
    default:
      return invalidRequest("The sandbox speaks 'mp3' and 'wav' only.", "response_format");
  }
}
