import { appSignalPrefix, signalDefinition } from "@evenkeel/model/signals/catalogue";
import { platformApp } from "@evenkeel/model/signals/signal-scope";
import type { SeriesName } from "../store/series.ts";

/** `{app="shop",environment="production",…}`: who and what a series is of. */
export function labelsOf(name: SeriesName): string[] {
  const { app, environment, deployment, detail, signal } = name;
  const labels: [name: string, value: string][] =
    app === platformApp
      ? []
      : [
          ["app", app],
          ["environment", environment],
        ];
  if (deployment !== undefined) labels.push(["deployment", deployment]);
  if (detail !== undefined && detail !== "") labels.push(...detailLabels(signal, detail));
  return labels.map(([label, value]) => `${label}="${escaped(value)}"`);
}

function detailLabels(signal: string, detail: string): [string, string][] {
  if (!signal.startsWith(appSignalPrefix)) return [[signalDefinition(signal)?.detail ?? "detail", detail]];
  return attributeLabels(detail) ?? [["series", detail]];
}

const own = new Set(["app", "environment", "deployment", "series", "le"]);

/** Attributes stand in one line, `kind=book,region=eu`; where a value could be mistaken for another attribute, or it was cut, the line stays whole. */
function attributeLabels(detail: string): [string, string][] | undefined {
  const labels = new Map<string, string>();
  for (const part of detail.split(",")) {
    const found = /^([^=]+)=([^=…]*)$/.exec(part);
    if (!found) return undefined;
    const plain = found[1]!.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)|^_+/, "_");
    const label = own.has(plain) ? `app_${plain}` : plain.startsWith("_") ? `app${plain}` : plain;
    if (labels.has(label)) return undefined;
    labels.set(label, found[2]!);
  }
  return [...labels];
}

const escaped = (value: string): string =>
  value.replace(/[\\"\n]/g, (sign) => (sign === "\n" ? "\\n" : `\\${sign}`));
