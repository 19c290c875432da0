import type { ErrorComponentProps } from "@tanstack/react-router";
import { Empty } from "../kit/answer.tsx";
import { Button, LinkButton } from "../kit/button.tsx";

/** An address that leads nowhere. */
export function Lost() {
  return (
    <main className="mx-auto max-w-lg py-24">
      <Empty icon="question" title="There is no such page">
        <p>The address may be mistyped, or what it named is gone.</p>
        <p className="mt-4">
          <LinkButton to="/">All apps</LinkButton>
        </p>
      </Empty>
    </main>
  );
}

/** A page that failed. After an upgrade of the platform, loading it again brings the new one. */
export function Broken({ error }: ErrorComponentProps) {
  return (
    <div className="mx-auto max-w-lg py-24">
      <Empty icon="alert" title="This page could not be shown">
        <p className="break-words">{error instanceof Error ? error.message : String(error)}</p>
        <p className="mt-4">
          <Button onClick={() => location.reload()}>Load it again</Button>
        </p>
      </Empty>
    </div>
  );
}
