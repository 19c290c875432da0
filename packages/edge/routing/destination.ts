import type { Pairs } from "./resolution.ts";
import { type Captures, compileTemplate, type Template, type TemplateNames } from "./template.ts";

/** A `dest` or `Location`, filled. */
export interface FilledDestination {
  /** `https://host`, or `""` for this output. */
  origin: string;
  /** With `/` first; canonical as far as its captures were. */
  path: string;
  /** Encoded parameters in their order. */
  parameters: Pairs;
  /** With `#`, or `""`. */
  fragment: string;
}

export interface Destination {
  readonly names: ReadonlySet<string>;
  fill(captures: Captures): FilledDestination;
}

/**
 * Compiles a destination. It is taken apart before its captures are filled in, so that a captured `?`, `&` or `=` stays a part of the value it
 * stands in.
 */
export function compileDestination(text: string, names: TemplateNames): Destination {
  const [beforeFragment, fragment] = splitOnce(text, "#");
  const [location, query] = splitOnce(beforeFragment, "?");
  const absolute = /^(https?:)?\/\/[^/]*/i.exec(location);
  const origin = compileTemplate(absolute ? absolute[0] : "", names);
  const path = compileTemplate(absolute ? location.slice(absolute[0].length) : location, names);
  const parameters = (query ?? "")
    .split("&")
    .filter((parameter) => parameter !== "")
    .map((parameter): [Template, Template] => {
      const [name, value] = splitOnce(parameter, "=");
      return [compileTemplate(name, names), compileTemplate(value ?? "", names)];
    });
  const hash = fragment === undefined ? undefined : compileTemplate(`#${fragment}`, names);
  return {
    names: new Set([
      ...[origin, path, ...parameters.flat(), ...(hash ? [hash] : [])].flatMap((template) => [
        ...template.names,
      ]),
    ]),
    fill(captures) {
      return {
        origin: origin.fill(captures, "path"),
        path: singleSlash(path.fill(captures, "path")),
        parameters: parameters.map(([name, value]) => [
          name.fill(captures, "query"),
          value.fill(captures, "query"),
        ]),
        fragment: hash ? hash.fill(captures, "path") : "",
      };
    },
  };
}

/** A captured `//evil.example` must not make `/$1` an address of another host. */
function singleSlash(path: string): string {
  if (path.charCodeAt(0) !== 47) return path.replace(/^[\\/]*/, "/");
  const second = path.charCodeAt(1);
  return second === 47 || second === 92 ? path.replace(/^[\\/]+/, "/") : path;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
