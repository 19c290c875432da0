import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { hasPasskeys, makePasskey } from "../../api/passkey.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button, IconButton } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Input } from "../../kit/field.tsx";
import { Ago } from "../../kit/time.tsx";

export function Passkeys() {
  const passkeys = useApi("listPasskeys", {});
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const again = () => {
    setName("");
    void queries.invalidateQueries({ queryKey: ["listPasskeys"] });
    void queries.invalidateQueries({ queryKey: ["getMe"] });
  };
  const add = useAct(async () => {
    const answer = await makePasskey(await call("askNewPasskey", {}));
    return call("addPasskey", { ...answer, name: name.trim() || "Passkey" });
  }, again);
  const remove = useAct((passkey: string) => call("removePasskey", { passkey }), again);
  const fault = add.error ?? remove.error;
  return (
    <Card title="Passkeys" note="sign in without a password; nothing to be phished">
      <Answer query={passkeys} rows={1}>
        {({ passkeys: all }) => (
          <ul className="flex flex-col gap-2">
            {all.map(({ id, name: of, createdAtMs, lastUsedAtMs }) => (
              <li key={id} className="flex items-center gap-3 text-sm">
                <span className="min-w-0 flex-1 truncate font-medium">{of}</span>
                <span className="text-xs text-quiet">
                  {lastUsedAtMs === undefined ? (
                    <>
                      made <Ago ms={createdAtMs} />
                    </>
                  ) : (
                    <>
                      used <Ago ms={lastUsedAtMs} />
                    </>
                  )}
                </span>
                <IconButton
                  label={`Remove ${of}`}
                  icon="trash"
                  busy={remove.isPending}
                  onClick={() => remove.mutate(id)}
                />
              </li>
            ))}
          </ul>
        )}
      </Answer>
      {hasPasskeys() && (
        <div className="mt-3 flex flex-wrap gap-2">
          <Input
            aria-label="Name of the passkey"
            placeholder="Laptop"
            wide="w-48"
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
          <Button icon="plus" busy={add.isPending} onClick={() => add.mutate(undefined)}>
            Add a passkey
          </Button>
        </div>
      )}
      {fault && (
        <div className="mt-3">
          <Fault fault={fault} />
        </div>
      )}
    </Card>
  );
}
