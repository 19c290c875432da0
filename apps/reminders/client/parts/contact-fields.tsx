import type { ReactNode } from "react";

interface Values {
  name: string;
  phone: string;
  timeZone: string;
  language: string;
  quietFrom: string | null;
  quietUntil: string | null;
}

const zones = Intl.supportedValuesOf("timeZone");
const languages: [string, string][] = [
  ["en", "English"],
  ["es", "Español"],
  ["fr", "Français"],
  ["de", "Deutsch"],
  ["it", "Italiano"],
  ["pt", "Português"],
];

/** The languages that contacts may have. */
export function LanguageOptions(): ReactNode {
  return languages.map(([code, name]) => (
    <option key={code} value={code}>
      {name}
    </option>
  ));
}

export function ContactFields({ of }: { of?: Values }): ReactNode {
  return (
    <div className="grid">
      <label>
        Name <input name="name" required defaultValue={of?.name} autoComplete="off" />
      </label>
      <label>
        Telephone{" "}
        <input
          name="phone"
          type="tel"
          required
          placeholder="+1 415 555 2671"
          defaultValue={of?.phone}
          autoComplete="off"
        />
      </label>
      <label>
        Time zone
        <select
          name="timeZone"
          defaultValue={of?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone}
        >
          {zones.concat("UTC").map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </select>
      </label>
      <label>
        Language
        <select name="language" defaultValue={of?.language ?? "en"}>
          <LanguageOptions />
        </select>
      </label>
      <label>
        Quiet from <input name="quietFrom" type="time" defaultValue={of?.quietFrom ?? "21:00"} />
      </label>
      <label>
        until <input name="quietUntil" type="time" defaultValue={of?.quietUntil ?? "07:00"} />
      </label>
    </div>
  );
}

export function contactOf(form: FormData): Record<string, FormDataEntryValue | null> {
  return Object.fromEntries([...form].map(([name, value]) => [name, value === "" ? null : value]));
}
