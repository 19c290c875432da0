"use client";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { ask } from "../../parts/ask.ts";
import { Failure } from "../../parts/failure.tsx";

export function DoNotCallList({
  numbers,
}: {
  numbers: { phone: string; reason: string; addedBy: string }[];
}) {
  const router = useRouter();
  const [error, setError] = useState<unknown>();
  const add = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    setError(undefined);
    try {
      const phones = String(form.get("phones"))
        .split(/[\n,;]+/)
        .map((each) => each.trim())
        .filter((each) => each !== "");
      await ask("POST", "/do-not-call", { phones, reason: form.get("reason") || undefined });
      element.reset();
      router.refresh();
    } catch (refusal) {
      setError(refusal);
    }
  };
  return (
    <>
      <h1>Do not call</h1>
      <form className="panel" method="post" onSubmit={add}>
        <div className="fields">
          <label>
            Numbers with + and country, by lines or commas
            <textarea name="phones" rows={2} required />
          </label>
          <label>
            Why
            <input name="reason" maxLength={200} placeholder="asked for it" />
          </label>
        </div>
        <Failure error={error} />
        <div className="row">
          <button type="submit">Add</button>
          <small>
            It counts at once, in every campaign. Whoever asks for it in a call is added by itself.
          </small>
        </div>
      </form>
      {numbers.length === 0 ? (
        <div className="panel empty">
          <p>Nobody is on the list.</p>
        </div>
      ) : (
        <section className="panel">
          <div className="scroll">
            <table>
              <thead>
                <tr>
                  <th>Number</th>
                  <th>Why</th>
                  <th>Added by</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {numbers.map(({ phone, reason, addedBy }) => (
                  <tr key={phone}>
                    <td>{phone}</td>
                    <td>{reason}</td>
                    <td>{addedBy}</td>
                    <td className="number">
                      <button
                        type="button"
                        className="quiet"
                        aria-label={`Remove ${phone}`}
                        onClick={() =>
                          ask("DELETE", `/do-not-call/${encodeURIComponent(phone)}`).then(
                            () => router.refresh(),
                            setError,
                          )
                        }
                      >
                        Remove
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </>
  );
}
