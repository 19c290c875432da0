import { Link } from "@tanstack/react-router";
import { useApi } from "../api/use-api.ts";
import { classes } from "../kit/classes.ts";
import { Icon } from "../kit/icon.tsx";
import { appSections, platformSections, type Section } from "./sections.ts";

const entry =
  "flex h-8 items-center gap-2.5 rounded-md px-2.5 text-sm text-quiet hover:bg-raised hover:text-ink [&.active]:bg-raised [&.active]:font-medium [&.active]:text-ink";

export function Navigation({ app }: { app: string | undefined }) {
  return (
    <nav aria-label="Main" className="flex flex-1 flex-col gap-5 p-3">
      <Link to="/" className="flex h-8 items-center gap-2 px-2 text-base font-semibold tracking-tight">
        <img src="/favicon.svg" alt="" width={20} height={20} />
        Evenkeel
      </Link>
      {app === undefined ? <PlatformNavigation /> : <AppNavigation app={app} />}
    </nav>
  );
}

function PlatformNavigation() {
  return (
    <ul className="flex flex-col gap-0.5">
      {platformSections.map((section) => (
        <li key={section.name}>
          <Link
            to={section.to}
            activeOptions={{ exact: section.to === "/", includeSearch: false }}
            className={entry}
          >
            <Icon name={section.icon} />
            {section.name}
            {section.name === "Incidents" && <OpenIncidents />}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function AppNavigation({ app }: { app: string }) {
  return (
    <>
      <div className="flex flex-col gap-1">
        <Link to="/" className={entry}>
          <Icon name="back" />
          All apps
        </Link>
        <p className="truncate px-2.5 pt-1 font-semibold" title={app}>
          {app}
        </p>
      </div>
      {appSections.map(({ name, sections }) => (
        <div key={name}>
          <p className="px-2.5 pb-1 text-2xs font-medium tracking-wide text-faint uppercase">{name}</p>
          <ul className="flex flex-col gap-0.5">
            {sections.map((section) => (
              <AppEntry key={section.name} app={app} section={section} />
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

function AppEntry({ app, section: { name, to, icon } }: { app: string; section: Section }) {
  return (
    <li>
      <Link
        to={to}
        params={{ app }}
        // The environment is kept from page to page, what was searched for is not.
        search={(before: { env?: string }) => (before.env === undefined ? {} : { env: before.env })}
        activeOptions={{ includeSearch: false }}
        className={entry}
      >
        <Icon name={icon} />
        {name}
      </Link>
    </li>
  );
}

function OpenIncidents() {
  const { data } = useApi("listIncidents", { state: "unresolved", limit: 50 });
  const number = data?.incidents.filter(({ isDrill }) => !isDrill).length ?? 0;
  if (number === 0) return null;
  return (
    <span
      className={classes("ml-auto rounded-md bg-bad-soft px-1.5 text-xs font-medium text-bad")}
      title={`${number} open`}
    >
      {number}
    </span>
  );
}
