/** What libraries call the same thing; beside these a field keeps its name. */
const canonicalNames: Record<string, string> = {
  requestid: "requestId",
  reqid: "requestId",
  xrequestid: "requestId",
  "req.id": "requestId",
  "request.id": "requestId",
  userid: "userId",
  "user.id": "userId",
  "usr.id": "userId",
  sessionid: "sessionId",
  "session.id": "sessionId",
  traceid: "traceId",
  "trace.id": "traceId",
  spanid: "spanId",
  "span.id": "spanId",
};

/** `user_id`, `user-id` and `user.id` are `userId`; others stay as they are. */
export function canonicalField(name: string): string {
  const first = name.charCodeAt(0) | 32;
  // r, s, t, u, x: nothing else is known by another name.
  if (name.length < 5 || name.length > 12 || (first !== 120 && (first < 114 || first > 117))) return name;
  return canonicalNames[name.toLowerCase().replace(/[_-]/g, "")] ?? name;
}
