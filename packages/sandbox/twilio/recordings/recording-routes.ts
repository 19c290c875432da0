import { silentWav } from "../../audio/silence.ts";
import { json } from "../../provider/answer.ts";
import type { Given, TwinRoute } from "../../provider/provider.ts";
import { accountPath, notFound, ownAccount, page } from "../resource.ts";
import { type Recording, recordingsOf, renderRecording } from "./recording.ts";

/** https://www.twilio.com/docs/voice/api/recording. The media is silence of the right length. */
export const recordingRoutes: TwinRoute[] = [
  {
    method: "GET",
    path: `${accountPath}/Recordings.json`,
    answer: ownAccount((given) => list(given, given.request.query.get("CallSid"))),
  },
  {
    method: "GET",
    path: `${accountPath}/Calls/:call/Recordings.json`,
    answer: ownAccount((given) => list(given, given.params["call"]!)),
  },
  {
    method: "GET",
    path: `${accountPath}/Recordings/:sid.json`,
    answer: withRecording(({ account }, recording) => json(renderRecording(account, recording))),
  },
  { method: "GET", path: `${accountPath}/Recordings/:sid.wav`, answer: withRecording(media) },
  { method: "GET", path: `${accountPath}/Recordings/:sid`, answer: withRecording(media) },
  {
    method: "DELETE",
    path: `${accountPath}/Recordings/:sid.json`,
    answer: withRecording(({ account }, { sid }) => {
      recordingsOf(account).delete(sid);
      return { status: 204 };
    }),
  },
];

function media(_: Given, { durationS }: Recording) {
  return { status: 200, headers: { "content-type": "audio/x-wav" }, bytes: silentWav(durationS) };
}

function withRecording(answer: (given: Given, recording: Recording) => ReturnType<TwinRoute["answer"]>) {
  return ownAccount((given) => {
    const recording = recordingsOf(given.account).get(given.params["sid"]!);
    return recording ? answer(given, recording) : notFound(given);
  });
}

function list(given: Given, callSid: string | null) {
  const recordings = recordingsOf(given.account)
    .newestFirst()
    .filter((recording) => callSid === null || recording.callSid === callSid);
  return page(given, "recordings", recordings, (recording) => renderRecording(given.account, recording));
}
