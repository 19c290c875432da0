import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ask } from "../ask.ts";
import { Failure } from "../parts/states.tsx";

export function SignIn({ needsSetup }: { needsSetup: boolean }) {
  const queries = useQueryClient();
  const enter = useMutation({
    mutationFn: (form: FormData) =>
      ask(needsSetup ? "/session/setup" : "/session", "POST", Object.fromEntries(form)),
    onSuccess: () => queries.invalidateQueries(),
  });
  return (
    <main className="sign-in">
      <h1>{needsSetup ? "Set up Reminders" : "Sign in to Reminders"}</h1>
      {needsSetup && (
        <p>
          You are the first one here. The set-up token is the value of <code>SETUP_TOKEN</code>.
        </p>
      )}
      <form
        className="column"
        onSubmit={(event) => {
          event.preventDefault();
          enter.mutate(new FormData(event.currentTarget));
        }}
      >
        {needsSetup && (
          <>
            <label>
              Set-up token <input name="token" type="password" required autoComplete="off" />
            </label>
            <label>
              Your name <input name="name" required autoComplete="name" />
            </label>
          </>
        )}
        <label>
          E-mail <input name="email" type="email" required autoComplete="username" />
        </label>
        <label>
          Password{" "}
          <input
            name="password"
            type="password"
            required
            minLength={needsSetup ? 12 : 1}
            autoComplete={needsSetup ? "new-password" : "current-password"}
          />
        </label>
        <Failure error={enter.error} />
        <button type="submit" disabled={enter.isPending}>
          {needsSetup ? "Begin" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
