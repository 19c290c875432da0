"use client";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { ask } from "../../parts/ask.ts";
import { Badge } from "../../parts/badge.tsx";
import { Failure } from "../../parts/failure.tsx";

interface Person {
  id: string;
  email: string;
  name: string;
  role: "admin" | "operator";
  state: "active" | "invited" | "shut_out";
}

export function People({ people, self }: { people: Person[]; self: string }) {
  const router = useRouter();
  const [error, setError] = useState<unknown>();
  const [link, setLink] = useState<{ of: string; link: string }>();
  const run = async (work: () => Promise<unknown>) => {
    setError(undefined);
    setLink(undefined);
    await work().then(() => router.refresh(), setError);
  };
  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = Object.fromEntries(new FormData(element));
    return run(async () => {
      const made = await ask<{ link: string }>("POST", "/people", form);
      setLink({ of: String(form["email"]), link: made.link });
      element.reset();
    });
  };
  return (
    <section className="panel" aria-labelledby="people">
      <h2 id="people">Who may sign in</h2>
      <div className="scroll">
        <table>
          <tbody>
            {people.map((person) => (
              <tr key={person.id}>
                <td>
                  <b>{person.name}</b>
                  <div>
                    <small>{person.email}</small>
                  </div>
                </td>
                <td>
                  <Badge of={person.role} />
                </td>
                <td>
                  <Badge of={person.state} />
                </td>
                <td className="number">
                  {person.id !== self && (
                    <div className="row">
                      <button
                        type="button"
                        className="quiet"
                        onClick={() =>
                          run(() =>
                            ask("PATCH", `/people/${person.id}`, {
                              role: person.role === "admin" ? "operator" : "admin",
                            }),
                          )
                        }
                      >
                        {person.role === "admin" ? "Make operator" : "Make administrator"}
                      </button>
                      <button
                        type="button"
                        className="quiet"
                        disabled={person.state === "shut_out"}
                        onClick={() =>
                          run(async () => {
                            const made = await ask<{ link: string }>("POST", `/people/${person.id}/link`);
                            setLink({ of: person.email, link: made.link });
                          })
                        }
                      >
                        New link
                      </button>
                      <button
                        type="button"
                        className={person.state === "shut_out" ? "quiet" : "danger"}
                        onClick={() =>
                          run(() =>
                            ask("PATCH", `/people/${person.id}`, { letIn: person.state === "shut_out" }),
                          )
                        }
                      >
                        {person.state === "shut_out" ? "Let in" : "Shut out"}
                      </button>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <form className="stack" method="post" onSubmit={add}>
        <div className="fields">
          <label>
            Name
            <input name="name" maxLength={100} required />
          </label>
          <label>
            E-mail
            <input name="email" type="email" required />
          </label>
          <label>
            Role
            <select name="role" defaultValue="operator">
              <option value="operator">Operator</option>
              <option value="admin">Administrator</option>
            </select>
          </label>
        </div>
        <Failure error={error} />
        {link && (
          <div className="notice" role="status">
            Give this link to {link.of}. It is good once, for seven days: <code>{link.link}</code>
          </div>
        )}
        <div className="row">
          <button type="submit">Let somebody in</button>
        </div>
      </form>
    </section>
  );
}
