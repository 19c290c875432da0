"use client";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { ask } from "../../parts/ask.ts";
import { Failure } from "../../parts/failure.tsx";

export function OrganisationForm({
  name,
  lineLimit,
  budget,
}: {
  name: string;
  lineLimit: number;
  budget: number | null;
}) {
  const router = useRouter();
  const [error, setError] = useState<unknown>();
  const [saved, setSaved] = useState(false);
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setError(undefined);
    setSaved(false);
    try {
      await ask("PATCH", "/settings", {
        name: form.get("name"),
        lineLimit: Number(form.get("lineLimit")),
        monthlyBudget: form.get("monthlyBudget") ? Number(form.get("monthlyBudget")) : null,
      });
      setSaved(true);
      router.refresh();
    } catch (refusal) {
      setError(refusal);
    }
  };
  return (
    <form className="panel" method="post" onSubmit={save}>
      <h2>Organisation</h2>
      <div className="fields">
        <label>
          Name
          <input name="name" defaultValue={name} maxLength={100} required />
        </label>
        <label>
          Lines of the provider's plan
          <input name="lineLimit" type="number" min={1} max={10000} defaultValue={lineLimit} required />
        </label>
        <label>
          Budget a month in dollars, if any
          <input
            name="monthlyBudget"
            type="number"
            min={0.01}
            step={0.01}
            defaultValue={budget === null ? "" : budget / 1_000_000}
          />
        </label>
      </div>
      <Failure error={error} />
      <div className="row">
        <button type="submit">Save</button>
        <small role="status">
          {saved ? "Saved" : "At the budget's end campaigns pause and wait for somebody."}
        </small>
      </div>
    </form>
  );
}
