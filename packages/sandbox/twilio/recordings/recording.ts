import type { Account } from "../../accounts/account.ts";
import { callBack } from "../callback.ts";
import type { Call } from "../calls/call.ts";
import { accountSid, nextSid } from "../credentials.ts";
import { apiVersion, rfc2822 } from "../resource.ts";

export interface Recording {
  sid: string;
  callSid: string;
  durationS: number;
  source: "RecordVerb" | "OutboundAPI";
  createdAtMs: number;
}

export const recordingsOf = (account: Account) => account.collection<Recording>("twilio.recordings");

export function saveRecording(
  account: Account,
  call: Call,
  {
    durationS,
    source,
    statusCallback,
  }: Pick<Recording, "durationS" | "source"> & { statusCallback: string | undefined },
): Recording {
  const sid = nextSid(account, "RE");
  const createdAtMs = account.providerTimeMs("twilio");
  const recording: Recording = { sid, callSid: call.sid, durationS, source, createdAtMs };
  recordingsOf(account).put(sid, recording);
  if (statusCallback === undefined) return recording;
  callBack(account, {
    kind: "recording-status",
    subject: sid,
    url: statusCallback,
    params: {
      CallSid: call.sid,
      RecordingSid: sid,
      RecordingUrl: recordingUrl(account, recording),
      RecordingStatus: "completed",
      RecordingDuration: String(durationS),
      RecordingChannels: "1",
      RecordingSource: source,
      RecordingStartTime: rfc2822(createdAtMs - durationS * 1_000),
    },
  });
  return recording;
}

const pathOf = (account: Account, { sid }: Recording): string =>
  `/${apiVersion}/Accounts/${accountSid(account)}/Recordings/${sid}`;

export const recordingUrl = (account: Account, recording: Recording): string =>
  `https://api.twilio.com${pathOf(account, recording)}`;

export function renderRecording(account: Account, recording: Recording): object {
  const { sid, callSid, durationS, source, createdAtMs } = recording;
  return {
    account_sid: accountSid(account),
    api_version: apiVersion,
    call_sid: callSid,
    channels: 1,
    conference_sid: null,
    date_created: rfc2822(createdAtMs),
    date_updated: rfc2822(createdAtMs),
    duration: String(durationS),
    encryption_details: null,
    error_code: null,
    media_url: recordingUrl(account, recording),
    price: null,
    price_unit: "USD",
    sid,
    source,
    start_time: rfc2822(createdAtMs - durationS * 1_000),
    status: "completed",
    subresource_uris: {},
    uri: `${pathOf(account, recording)}.json`,
  };
}
