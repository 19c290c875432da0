/** The lines of a stream as they come. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const lines = text.split("\n");
      text = lines.pop()!;
      yield* lines;
    }
    if (text !== "") yield text;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    void reader.cancel().catch(() => {});
  }
}
