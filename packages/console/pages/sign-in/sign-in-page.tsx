import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Front } from "./front.tsx";
import { PasswordForm } from "./password-form.tsx";
import { TokenForm } from "./token-form.tsx";

/** Signs in, and leads back to where one was. */
export function SignInPage() {
  const { back } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const about = useApi("getSignIn", {});
  const [isByToken, setByToken] = useState(false);
  const onSignedIn = () => {
    // What somebody else was shown is not for this one.
    queries.clear();
    // Only to a place of ours.
    void navigate({ href: back !== undefined && /^\/(?![/\\])/.test(back) ? back : "/", replace: true });
  };
  return (
    <Front title="Sign in to Evenkeel" about={location.host}>
      {about.error && <Fault fault={about.error} onRetry={() => void about.refetch()} />}
      {about.data?.hasOwner === false && !isByToken && (
        <div className="flex flex-col gap-2 rounded-lg border border-line bg-info-soft p-3 text-sm">
          <p>Nobody owns this platform yet. This prints a link for the first owner, on the machine itself:</p>
          <Copyable text="evenkeel people owner-link" />
        </div>
      )}
      {isByToken ? <TokenForm onSignedIn={onSignedIn} /> : <PasswordForm onSignedIn={onSignedIn} />}
      <button
        type="button"
        onClick={() => setByToken(!isByToken)}
        className="self-center text-sm text-quiet underline decoration-line-strong underline-offset-2 hover:text-ink"
      >
        {isByToken ? "Sign in as a person" : "Use a token instead"}
      </button>
    </Front>
  );
}
