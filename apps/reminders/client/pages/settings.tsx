import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask } from "../ask.ts";
import { Badge, Failure, Loading } from "../parts/states.tsx";

export default function Settings() {
  return (
    <>
      <h1>Settings</h1>
      <PhoneNumber />
      <Operators />
    </>
  );
}

function PhoneNumber() {
  const queries = useQueryClient();
  const number = useQuery({
    queryKey: ["number"],
    queryFn: () =>
      ask<{ number: string; connected: boolean; leadsTo: { smsUrl: string; voiceUrl: string } | null }>(
        "/number",
      ),
  });
  const connect = useMutation({
    mutationFn: () => ask("/number/connect", "POST", {}),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["number"] }),
  });
  return (
    <section className="panel column">
      <h2>The number</h2>
      {number.isPending && <Loading />}
      <Failure error={number.error ?? connect.error} />
      {number.data && (
        <>
          <p>
            {number.data.number}{" "}
            <Badge of={number.data.connected ? "done" : "pending"}>
              {number.data.connected ? "connected" : "not connected"}
            </Badge>
          </p>
          {!number.data.connected && (
            <>
              <p>
                <small>
                  Answers reach this app when Twilio brings them here
                  {number.data.leadsTo?.smsUrl && `; now they go to ${number.data.leadsTo.smsUrl}`}.
                </small>
              </p>
              <button type="button" disabled={connect.isPending} onClick={() => connect.mutate()}>
                Connect the number
              </button>
            </>
          )}
        </>
      )}
    </section>
  );
}

function Operators() {
  const queries = useQueryClient();
  const operators = useQuery({
    queryKey: ["operators"],
    queryFn: () => ask<{ operators: { id: string; email: string; name: string }[] }>("/operators"),
  });
  const change = useMutation({
    mutationFn: ({ path, method, body }: { path: string; method: string; body?: unknown }) =>
      ask(path, method, body),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["operators"] }),
  });
  return (
    <section className="panel">
      <h2>Operators</h2>
      <Failure error={operators.error ?? change.error} />
      <ul className="rows">
        {operators.data?.operators.map((one) => (
          <li key={one.id}>
            <span className="grow">
              <strong>{one.name}</strong>
              <small>{one.email}</small>
            </span>
            <button
              type="button"
              className="quiet"
              onClick={() =>
                window.confirm(`Remove ${one.name}?`) &&
                change.mutate({ path: `/operators/${one.id}`, method: "DELETE" })
              }
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <details>
        <summary>Add an operator</summary>
        <form
          className="column"
          onSubmit={(event) => {
            event.preventDefault();
            const form = event.currentTarget;
            change.mutate(
              { path: "/operators", method: "POST", body: Object.fromEntries(new FormData(form)) },
              { onSuccess: () => form.reset() },
            );
          }}
        >
          <div className="grid">
            <label>
              Name <input name="name" required autoComplete="off" />
            </label>
            <label>
              E-mail <input name="email" type="email" required autoComplete="off" />
            </label>
            <label>
              Password{" "}
              <input name="password" type="password" required minLength={12} autoComplete="new-password" />
            </label>
          </div>
          <button type="submit">Add</button>
        </form>
      </details>
    </section>
  );
}
