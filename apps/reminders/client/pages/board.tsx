import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { ask } from "../ask.ts";
import { Badge, Empty, Failure, Loading } from "../parts/states.tsx";

interface Occurrence {
  id: string;
  time: string;
  status: string;
  reason: string | null;
  contactId: string;
  name: string;
  timeZone: string;
  title: string;
  channel: string;
  conversationId: string | null;
  worrying: boolean | null;
}

const today = () => new Date().toLocaleDateString("sv");

export function Board() {
  const [day, setDay] = useState(today);
  const board = useQuery({
    queryKey: ["board", day],
    queryFn: () => ask<{ occurrences: Occurrence[] }>(`/board?day=${day}`),
    refetchInterval: 5_000,
  });
  const move = (days: number) => {
    const moved = new Date(`${day}T12:00:00`);
    moved.setDate(moved.getDate() + days);
    setDay(moved.toLocaleDateString("sv"));
  };
  const all = board.data?.occurrences ?? [];
  const count = (status: string) => all.filter((one) => one.status === status).length;
  const worrying = all.filter((one) => one.worrying || one.status === "missed");
  return (
    <>
      <div className="heading">
        <h1>
          {day === today()
            ? "Today"
            : new Date(`${day}T12:00:00`).toLocaleDateString(undefined, { dateStyle: "full" })}
        </h1>
        <div className="row">
          <button type="button" onClick={() => move(-1)} aria-label="The day before">
            ←
          </button>
          <input
            type="date"
            aria-label="Day"
            value={day}
            onChange={(event) => event.target.value && setDay(event.target.value)}
          />
          <button type="button" onClick={() => move(1)} aria-label="The day after">
            →
          </button>
        </div>
      </div>
      {board.isPending && <Loading />}
      <Failure error={board.error} />
      {board.data && all.length === 0 && (
        <Empty title="Nothing is planned for this day">
          Add a person and a reminder under <Link href="/contacts">People</Link>. Who has agreed to be
          reminded is asked at their own time.
        </Empty>
      )}
      {all.length > 0 && (
        <>
          <dl className="figures">
            {(["due", "asked", "answered", "missed", "skipped"] as const).map((status) => (
              <div key={status}>
                <dt>{status}</dt>
                <dd>{count(status)}</dd>
              </div>
            ))}
          </dl>
          {worrying.length > 0 && (
            <section className="attention" aria-label="Needs attention">
              <h2>Needs attention</h2>
              <Rows of={worrying} />
            </section>
          )}
          <Rows of={all} />
        </>
      )}
    </>
  );
}

function Rows({ of }: { of: Occurrence[] }) {
  return (
    <ul className="rows">
      {of.map((one) => (
        <li key={one.id}>
          <span className="time" title={one.timeZone}>
            {one.time}
          </span>
          <span className="grow">
            <Link href={`/contacts/${one.contactId}`}>{one.name}</Link>
            <small>
              {one.title} · {one.channel === "sms" ? "text" : "call"}
              {one.reason && one.status === "skipped" ? ` · ${one.reason}` : ""}
            </small>
          </span>
          {one.worrying && <Badge of="worrying" />}
          <Badge of={one.status} />
          {one.conversationId ? (
            <Link href={`/conversations/${one.conversationId}`}>Thread</Link>
          ) : (
            <span className="placeholder" />
          )}
        </li>
      ))}
    </ul>
  );
}
