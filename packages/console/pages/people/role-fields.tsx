import type { Role, RoleGrant } from "@evenkeel/control/api/contract/index";
import { roles } from "@evenkeel/control/people/capabilities";
import { useApi } from "../../api/use-api.ts";
import { Button, IconButton } from "../../kit/button.tsx";
import { Select } from "../../kit/field.tsx";

const about: Record<Role, string> = {
  viewer: "sees everything but secrets",
  operator: "deploys, releases, configures",
  owner: "sees secrets, manages people",
};

interface RoleFieldsProps {
  grants: RoleGrant[];
  onChange: (grants: RoleGrant[]) => void;
}

/** A role on all apps, or one for each of some. */
export function RoleFields({ grants, onChange }: RoleFieldsProps) {
  const apps = useApi("listApps", {}).data?.apps.map(({ name }) => name) ?? [];
  const free = apps.filter((name) => !grants.some(({ app }) => app === name));
  const replace = (index: number, grant: RoleGrant) =>
    onChange(grants.map((each, at) => (at === index ? grant : each)));
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 text-sm font-medium">Roles</legend>
      {grants.map((grant, index) => (
        <div key={grant.app ?? ""} className="flex items-center gap-2">
          <Select
            aria-label="On"
            value={grant.app ?? ""}
            onChange={({ target }) => {
              const app = apps.find((name) => name === target.value);
              replace(index, app === undefined ? { role: grant.role } : { app, role: grant.role });
            }}
          >
            <option value="">All apps</option>
            {apps
              .filter((name) => name === grant.app || free.includes(name))
              .map((name) => (
                <option key={name}>{name}</option>
              ))}
          </Select>
          <Select
            aria-label="Role"
            value={grant.role}
            onChange={({ target }) => replace(index, { ...grant, role: target.value as Role })}
          >
            {roles.map((role) => (
              <option key={role} value={role}>
                {role}: {about[role]}
              </option>
            ))}
          </Select>
          <IconButton
            label="Remove the role"
            icon="trash"
            onClick={() => onChange(grants.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      {free[0] !== undefined && (
        <Button
          size="sm"
          icon="plus"
          className="self-start"
          onClick={() => onChange([...grants, { app: free[0]!, role: "viewer" }])}
        >
          A role on one app
        </Button>
      )}
    </fieldset>
  );
}
