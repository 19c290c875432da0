import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { ask } from "../ask.ts";
import { Badge, Empty, Failure, Loading, Time } from "../parts/states.tsx";

interface Row {
  id: string;
  status: string;
  outcome: string | null;
  worrying: boolean;
  name: string;
  title: string | null;
  last: string | null;
  lastAt: string | null;
  createdAt: string;
}

interface Thread {
  conversation: {
    id: string;
    name: string;
    phone: string;
    contactId: string;
    status: string;
    outcome: string | null;
    state: string;
    timesOutAt: string | null;
    flowId: string;
    flowVersion: number;
    channel: string;
  };
  messages: {
    id: string;
    direction: string;
    channel: string;
    body: string;
    status: string;
    error: string | null;
    toCaregiver: boolean;
    at: string;
  }[];
  events: {
    revision: number;
    event: { type: string; text?: string; keys?: string };
    said: string[];
    at: string;
  }[];
}

export default function Conversations({ id }: { id?: string | undefined }) {
  const list = useQuery({
    queryKey: ["conversations"],
    queryFn: () => ask<{ conversations: Row[] }>("/conversations"),
    refetchInterval: 5_000,
  });
  const rows = list.data?.conversations ?? [];
  return (
    <>
      <h1>Conversations</h1>
      {list.isPending && <Loading />}
      <Failure error={list.error} />
      {list.data && rows.length === 0 && (
        <Empty title="Nobody has been asked yet">
          Conversations begin by themselves when a reminder is due.
        </Empty>
      )}
      <div className={`split ${id ? "one-open" : ""}`}>
        <ul className="rows threads">
          {rows.map((one) => (
            <li key={one.id} className={one.id === id ? "here" : ""}>
              <span className="grow">
                <Link href={`/conversations/${one.id}`}>{one.name}</Link>
                <small>{one.last ?? one.title}</small>
              </span>
              {one.worrying && <Badge of="worrying" />}
              <Badge of={one.outcome ?? one.status} />
            </li>
          ))}
        </ul>
        {id && <OneThread id={id} />}
      </div>
    </>
  );
}

function OneThread({ id }: { id: string }) {
  const thread = useQuery({
    queryKey: ["conversation", id],
    queryFn: () => ask<Thread>(`/conversations/${id}`),
    refetchInterval: 2_000,
  });
  if (thread.isPending) return <Loading />;
  if (thread.isError) return <Failure error={thread.error} />;
  const { conversation, messages, events } = thread.data;
  const spoken = events.filter(({ event }) => event.type === "reply" && conversation.channel === "voice");
  return (
    <section className="panel thread" aria-label={`Conversation with ${conversation.name}`}>
      <Link href="/conversations" className="back">
        ← All conversations
      </Link>
      <h2>
        <Link href={`/contacts/${conversation.contactId}`}>{conversation.name}</Link>{" "}
        <Badge of={conversation.outcome ?? conversation.status} />
      </h2>
      <p>
        <small>
          {conversation.phone} · {conversation.flowId} version {conversation.flowVersion}
          {conversation.timesOutAt && (
            <>
              {" "}
              · waits until <Time at={conversation.timesOutAt} />
            </>
          )}
        </small>
      </p>
      <ol className="bubbles">
        {messages.map((one) => (
          <li key={one.id} className={one.toCaregiver ? "caregiver" : one.direction}>
            <p>{one.body || <em>(no text)</em>}</p>
            <small>
              {one.toCaregiver ? "to a caregiver · " : ""}
              {one.channel === "voice" ? "call · " : ""}
              <Time at={one.at} /> · <span className={one.error ? "bad" : ""}>{one.error ?? one.status}</span>
            </small>
          </li>
        ))}
        {spoken.map(({ revision, event, said, at }) => (
          <li key={revision} className="in">
            <p>{event.keys ? `pressed ${event.keys}` : event.text || <em>(silence)</em>}</p>
            {said.length > 0 && <p className="said">{said.join(" ")}</p>}
            <small>
              on the telephone · <Time at={at} />
            </small>
          </li>
        ))}
      </ol>
    </section>
  );
}
