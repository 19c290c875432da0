import { useViewer } from "../../api/viewer.ts";
import { Empty } from "../../kit/answer.tsx";
import { Page } from "../../kit/page.tsx";
import { Codes } from "./codes.tsx";
import { Passkeys } from "./passkeys.tsx";
import { Password } from "./password.tsx";
import { Sessions } from "./sessions.tsx";

/** One's own account. */
export function MePage() {
  const { me } = useViewer();
  return (
    <Page title="Account" about={me ? `${me.person.name}, ${me.person.email}` : undefined}>
      {me ? (
        <>
          <Passkeys />
          <Codes hasCodes={me.person.hasCodes} />
          <Password />
          <Sessions />
        </>
      ) : (
        <section className="rounded-lg border border-line bg-panel">
          <Empty icon="user" title="You are here with a token">
            <p>A token has no account. Sign in as a person to have passkeys, codes and sessions.</p>
          </Empty>
        </section>
      )}
    </Page>
  );
}
