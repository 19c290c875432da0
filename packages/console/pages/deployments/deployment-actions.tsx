import type { Deployment } from "@evenkeel/control/api/contract/index";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Button, IconButton } from "../../kit/button.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { Field, Input } from "../../kit/field.tsx";
import { Menu, type MenuItem } from "../../kit/menu.tsx";

type Deed = "promote" | "stage" | "cancel" | "condemn" | "absolve" | "remove";

interface Wish {
  deed: Deed;
  reason: string | undefined;
  steps: string;
}

function perform({ id }: Deployment, { deed, reason, steps }: Wish): Promise<unknown> {
  const deployment = { deployment: id };
  switch (deed) {
    case "promote":
      return call("promote", { ...deployment, reason });
    case "stage":
      return call("stagePromotion", { ...deployment, steps, reason });
    case "cancel":
      return call("cancelDeployment", deployment);
    case "condemn":
      return call("condemnDeployment", { ...deployment, reason: reason ?? "" });
    case "absolve":
      return call("absolveDeployment", deployment);
    case "remove":
      return call("removeDeployment", deployment);
  }
}

const texts: Record<Deed, { title: string; about: string; action: string; danger?: boolean }> = {
  promote: {
    title: "Release to production",
    about:
      "Visitors of production get this deployment within milliseconds. What answers now stays, and can be brought back.",
    action: "Release",
  },
  stage: {
    title: "Release in steps",
    about:
      "More and more visitors get it. It is taken back by itself where it does worse than what answers now.",
    action: "Begin",
  },
  cancel: {
    title: "Cancel the deployment",
    about: "What is live stays as it is.",
    action: "Cancel it",
    danger: true,
  },
  condemn: {
    title: "Condemn the deployment",
    about: "It is never rolled back to, and only promoted by somebody who says so.",
    action: "Condemn",
    danger: true,
  },
  absolve: { title: "Absolve the deployment", about: "It may be brought back again.", action: "Absolve" },
  remove: {
    title: "Remove the deployment",
    about: "Its own address answers no longer. It cannot be brought back.",
    action: "Remove",
    danger: true,
  },
};

const usualSteps = "5% for 2 minutes, 25% for 2 minutes, 100%";

/** What can be done with a deployment, and why not where it cannot. */
export function DeploymentActions({ deployment }: { deployment: Deployment }) {
  const { app, state, releases, environment, condemned } = deployment;
  const viewer = useViewer();
  const [deed, setDeed] = useState<Deed>();
  const [steps, setSteps] = useState(usualSteps);
  const act = useAct(
    (wish: Wish) => perform(deployment, wish),
    () => setDeed(undefined),
  );
  const isLive = releases.some(({ current, environment: of }) => current && of === "production");
  const isReady = state === "ready";
  const mayRelease = viewer.refusal("release", app);
  const refused =
    mayRelease ?? (isLive ? "It is what production answers with" : isReady ? undefined : "It is not ready");
  const open = (next: Deed) => {
    act.reset();
    setDeed(next);
  };
  const items: (MenuItem | "line")[] = [
    { label: "Release in steps …", icon: "gauge", onSelect: () => open("stage"), refused },
    "line",
    condemned
      ? { label: "Absolve …", icon: "undo", onSelect: () => open("absolve"), refused: mayRelease }
      : { label: "Condemn …", icon: "alert", onSelect: () => open("condemn"), refused: mayRelease },
    {
      ...{ label: "Remove …", icon: "trash", danger: true, onSelect: () => open("remove") },
      refused: viewer.refusal("configure", app) ?? (isLive ? "An alias points to it" : undefined),
    },
  ];
  const text = deed && texts[deed];
  return (
    <>
      {["queued", "building", "deploying"].includes(state) ? (
        <Button
          look="danger"
          icon="cross"
          refused={viewer.refusal("deploy", app)}
          onClick={() => open("cancel")}
        >
          Cancel
        </Button>
      ) : (
        <Button look="primary" icon="release" refused={refused} onClick={() => open("promote")}>
          {environment === "production" || environment === "staging" ? "Release" : "Promote"}
        </Button>
      )}
      <Menu label="More" trigger={<IconButton look="plain" label="More" icon="more" />} items={items} />
      {deed && text && (
        <Confirm
          open
          onClose={() => setDeed(undefined)}
          title={text.title}
          action={text.action}
          {...(text.danger ? { danger: true } : {})}
          asksReason={deed !== "cancel" && deed !== "remove" && deed !== "absolve"}
          busy={act.isPending}
          fault={act.error}
          onConfirm={(reason) => act.mutate({ deed, reason, steps })}
        >
          <p>{text.about}</p>
          {deed === "stage" && (
            <div className="mt-3 text-ink">
              <Field label="Steps" note="As in a runbook: a share of the visitors, and for how long.">
                <Input value={steps} onChange={({ target }) => setSteps(target.value)} />
              </Field>
            </div>
          )}
        </Confirm>
      )}
    </>
  );
}
