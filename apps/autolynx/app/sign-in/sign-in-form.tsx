"use client";
import { type FormEvent, useState } from "react";
import { ask } from "../parts/ask.ts";
import { Failure } from "../parts/failure.tsx";

export function SignInForm() {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(undefined);
    try {
      await ask("POST", "/session", { email: form.get("email"), password: form.get("password") });
      location.assign("/");
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  return (
    <form className="panel" method="post" onSubmit={submit}>
      <h1>Sign in to AutoLynx</h1>
      <label>
        E-mail
        <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <Failure error={error} />
      <button type="submit" disabled={busy}>
        {busy ? "Signing in …" : "Sign in"}
      </button>
      <small>Only people whom an administrator has let in can sign in. They get a one-time link first.</small>
    </form>
  );
}
