import type { BucketReport } from "@evenkeel/model";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card, Stat, Stats } from "../../kit/card.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { Field, Input } from "../../kit/field.tsx";
import { bytes, count, plural } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Ago } from "../../kit/time.tsx";

const weekMs = 7 * 86_400_000;

export function StoragePage() {
  const { app } = useAppEnvironment();
  const buckets = useApi("listBuckets", { app }, { everyMs: 30_000 });
  const viewer = useViewer();
  const create = useAct(() => call("createBucket", { app, environment: "production" }));
  return (
    <Page
      title="Storage"
      about="Files by S3's protocol. What is overwritten or deleted stays for seven days."
    >
      <Answer query={buckets}>
        {({ buckets: all }) =>
          all.length === 0 ? (
            <section className="rounded-lg border border-line bg-panel">
              <Empty icon="box" title="No bucket yet">
                <p>
                  An app that depends on an S3 library or on Vercel Blob gets one with its next deploy; or
                  make it now.
                </p>
                <p className="mt-4">
                  <Button
                    look="primary"
                    icon="plus"
                    busy={create.isPending}
                    refused={viewer.refusal("configure", app)}
                    onClick={() => create.mutate(undefined)}
                  >
                    Make a bucket
                  </Button>
                </p>
                {create.error && <Fault fault={create.error} />}
              </Empty>
            </section>
          ) : (
            all.map((bucket) => <Bucket key={bucket.bucket} app={app} bucket={bucket} />)
          )
        }
      </Answer>
    </Page>
  );
}

const localTime = (ms: number): string => {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
};

function Bucket({ app, bucket }: { app: string; bucket: BucketReport }) {
  const viewer = useViewer();
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(() => localTime(Date.now() - 3_600_000));
  const environment = bucket.environment as "production";
  const act = useAct(
    () => call("restoreBucket", { app, environment, toMs: new Date(at).getTime() }),
    () => setOpen(false),
  );
  return (
    <Card
      title={bucket.environment}
      note={bucket.bucket}
      actions={
        <Button
          size="sm"
          icon="undo"
          refused={viewer.refusal("configure", app)}
          onClick={() => setOpen(true)}
        >
          Set back
        </Button>
      }
    >
      <Stats>
        <Stat label="Files">{count(bucket.objects)}</Stat>
        <Stat label="Size">{bytes(bucket.bytes)}</Stat>
        <Stat label="Kept of what was deleted">{bytes(bucket.keptBytes)}</Stat>
        <Stat label="Made">
          <Ago ms={bucket.createdAtMs} />
        </Stat>
      </Stats>
      {act.data && (
        <p role="status" className="mt-3 text-sm">
          {plural(act.data.restored, "file")} came back, {plural(act.data.removed, "file")} went.
        </p>
      )}
      {isOpen && (
        <Confirm
          open
          danger
          onClose={() => setOpen(false)}
          title="Set all files back"
          action="Set back"
          word={app}
          busy={act.isPending}
          fault={act.error}
          onConfirm={() => act.mutate(undefined)}
        >
          <p className="mb-3">
            Every file becomes what it was at a moment of the last seven days. What is there now stays for
            seven days, too.
          </p>
          <Field label="Moment">
            <Input
              type="datetime-local"
              min={localTime(Date.now() - weekMs)}
              max={localTime(Date.now())}
              value={at}
              onChange={({ target }) => setAt(target.value)}
            />
          </Field>
        </Confirm>
      )}
    </Card>
  );
}
