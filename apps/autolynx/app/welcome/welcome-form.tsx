"use client";
import { type FormEvent, useState } from "react";
import { ask } from "../parts/ask.ts";
import { Failure } from "../parts/failure.tsx";

export function WelcomeForm({ token }: { token: string }) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.currentTarget));
    setBusy(true);
    setError(undefined);
    try {
      await ask("POST", "/session/welcome", {
        ...form,
        ...(form["organisation"] === "" && { organisation: undefined }),
      });
      location.assign("/");
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  return (
    <form className="panel" method="post" onSubmit={submit}>
      <h1>Welcome to AutoLynx</h1>
      {token === "" ? (
        <label>
          Token of your link
          <input name="token" type="password" autoComplete="off" required />
        </label>
      ) : (
        <input name="token" type="hidden" value={token} />
      )}
      <label>
        Your name
        <input name="name" autoComplete="name" maxLength={100} required />
      </label>
      <label>
        Password, 12 characters or more
        <input name="password" type="password" autoComplete="new-password" minLength={12} required />
      </label>
      <label>
        Organisation, if you are the first of it
        <input name="organisation" autoComplete="organization" maxLength={100} />
      </label>
      <Failure error={error} />
      <button type="submit" disabled={busy}>
        {busy ? "One moment …" : "Begin"}
      </button>
      <small>A link is good for one time.</small>
    </form>
  );
}
