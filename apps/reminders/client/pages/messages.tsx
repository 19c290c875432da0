import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../ask.ts";
import { Badge, Empty, Failure, Loading, Time } from "../parts/states.tsx";

interface Message {
  id: string;
  direction: string;
  channel: string;
  phone: string;
  name: string | null;
  body: string;
  segments: number;
  status: string;
  error: string | null;
  at: string;
}

export default function Messages() {
  const [problems, setProblems] = useState(false);
  const messages = useQuery({
    queryKey: ["messages", problems],
    queryFn: () => ask<{ messages: Message[] }>(`/messages${problems ? "?status=problems" : ""}`),
    refetchInterval: 5_000,
  });
  const all = messages.data?.messages ?? [];
  return (
    <>
      <div className="heading">
        <h1>Messages</h1>
        <label className="row">
          <input type="checkbox" checked={problems} onChange={(event) => setProblems(event.target.checked)} />{" "}
          Only problems
        </label>
      </div>
      {messages.isPending && <Loading />}
      <Failure error={messages.error} />
      {messages.data && all.length === 0 && (
        <Empty title={problems ? "No problems" : "No messages yet"}>
          Every text and call, in and out, is listed here.
        </Empty>
      )}
      <ul className="rows">
        {all.map((one) => (
          <li key={one.id}>
            <span role="img" aria-label={one.direction === "in" ? "received" : "sent"}>
              {one.direction === "in" ? "↙" : "↗"}
            </span>
            <span className="grow">
              <strong>{one.name ?? one.phone}</strong>
              <small>
                {one.channel === "voice" ? "call: " : ""}
                {one.body || "(no text)"}
              </small>
              {one.error && <small className="bad">{one.error}</small>}
            </span>
            <small>{one.segments > 1 ? `${one.segments} segments` : ""}</small>
            <Badge of={one.status} />
            <Time at={one.at} />
          </li>
        ))}
      </ul>
    </>
  );
}
