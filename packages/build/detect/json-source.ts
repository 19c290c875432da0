import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

export type JsonSource =
  | { value: unknown; placeOf: (path: (string | number)[], end: "key" | "value") => string }
  /** `line 3, column 5: a comma is expected` */
  | { problem: string };

/** JSON text with the places of its values, for errors that say where. Comments are refused, as `JSON.parse` does. */
export function parseJsonSource(text: string): JsonSource {
  const errors: ParseError[] = [];
  const content = text.replace(/^\uFEFF/, " ");
  const tree = parseTree(content, errors, { disallowComments: true });
  const error = errors[0];
  if (error !== undefined || tree === undefined) {
    const what = error ? words(printParseErrorCode(error.error)) : "it is empty";
    return { problem: `${place(content, error?.offset ?? 0)}: ${what}` };
  }
  return {
    value: getNodeValue(tree),
    placeOf: (path, end) => {
      const node = nearestNode(tree, path);
      const shown = end === "key" && node.parent?.type === "property" ? node.parent : node;
      return place(content, shown.offset);
    },
  };
}

function nearestNode(tree: Node, path: (string | number)[]): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node) return node;
  }
  return tree;
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
}

/** `CommaExpected` → `comma expected` */
function words(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
