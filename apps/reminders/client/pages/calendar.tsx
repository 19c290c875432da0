import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../ask.ts";
import { Failure, Loading } from "../parts/states.tsx";

interface Day {
  day: string;
  all: number;
  answered: number;
  missed: number;
}

export default function Calendar() {
  const [month, setMonth] = useState(() => new Date().toLocaleDateString("sv").slice(0, 7));
  const calendar = useQuery({
    queryKey: ["calendar", month],
    queryFn: () => ask<{ days: Day[] }>(`/calendar?month=${month}`),
  });
  const first = new Date(`${month}-01T12:00:00`);
  const length = new Date(first.getFullYear(), first.getMonth() + 1, 0).getDate();
  const offset = (first.getDay() + 6) % 7;
  const byDay = new Map(calendar.data?.days.map((day) => [day.day, day]));
  const move = (months: number) => {
    const moved = new Date(first.getFullYear(), first.getMonth() + months, 15);
    setMonth(moved.toLocaleDateString("sv").slice(0, 7));
  };
  return (
    <>
      <div className="heading">
        <h1>{first.toLocaleDateString(undefined, { month: "long", year: "numeric" })}</h1>
        <div className="row">
          <button type="button" onClick={() => move(-1)} aria-label="The month before">
            ←
          </button>
          <button type="button" onClick={() => move(1)} aria-label="The month after">
            →
          </button>
        </div>
      </div>
      {calendar.isPending && <Loading />}
      <Failure error={calendar.error} />
      <ol className="month" style={{ "--offset": offset + 1 } as never}>
        {Array.from({ length }, (_, index) => {
          const day = `${month}-${String(index + 1).padStart(2, "0")}`;
          const known = byDay.get(day);
          return (
            <li
              key={day}
              className={known?.missed ? "bad" : known && known.answered === known.all ? "good" : ""}
            >
              <span>{index + 1}</span>
              {known && (
                <small>
                  {known.answered}/{known.all} answered{known.missed > 0 ? `, ${known.missed} missed` : ""}
                </small>
              )}
            </li>
          );
        })}
      </ol>
    </>
  );
}
