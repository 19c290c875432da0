import { parse } from "@babel/parser";
import type { Expression, Node, ObjectExpression, Statement } from "@babel/types";

export type Path = readonly (string | number)[];

/** Where values of the default export stand in the text of a runbook. */
export interface SourceLines {
  /** The line of a key or element; of the nearest one around it where its own cannot be told (a spread, a value from elsewhere); 0 at worst. */
  lineOf(path: Path): number;
}

const unknown: SourceLines = { lineOf: () => 0 };

/** The text is read, never run. One that cannot be parsed has no lines: whoever runs it says why. */
export function sourceLines(text: string): SourceLines {
  let body: Statement[];
  try {
    body = parse(text, { sourceType: "module", plugins: ["typescript"], errorRecovery: true }).program.body;
  } catch {
    return unknown;
  }
  const constants = new Map(body.flatMap(constantsOf));
  const exported = body.find((statement) => statement.type === "ExportDefaultDeclaration");
  const root = exported && plain(exported.declaration, constants);
  if (!root) return unknown;
  return {
    lineOf(path) {
      let line = root.loc?.start.line ?? 0;
      let node: Expression | undefined = root;
      for (const part of path) {
        const found: Found | undefined = node && step(node, part, constants);
        if (!found) break;
        line = found.line;
        node = found.value;
      }
      return line;
    },
  };
}

type Constants = ReadonlyMap<string, Node>;

interface Found {
  line: number;
  value: Expression | undefined;
}

function constantsOf(statement: Statement): [string, Node][] {
  const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
  if (declaration?.type !== "VariableDeclaration" || declaration.kind !== "const") return [];
  return declaration.declarations.flatMap(({ id, init }): [string, Node][] =>
    id.type === "Identifier" && init ? [[id.name, init]] : [],
  );
}

/** Without `satisfies`, `as` and parentheses, and through names of constants. */
function plain(node: Node, constants: Constants, depth = 0): Expression | undefined {
  if (depth > 20) return undefined;
  switch (node.type) {
    case "TSSatisfiesExpression":
    case "TSAsExpression":
    case "TSTypeAssertion":
    case "ParenthesizedExpression":
      return plain(node.expression, constants, depth + 1);
    case "Identifier": {
      const constant = constants.get(node.name);
      return constant && plain(constant, constants, depth + 1);
    }
    default:
      return node as Expression;
  }
}

function step(node: Expression, part: string | number, constants: Constants): Found | undefined {
  if (node.type === "ObjectExpression") return property(node, String(part), constants);
  if (node.type !== "ArrayExpression") return undefined;
  const element = node.elements[Number(part)];
  if (!element || element.type === "SpreadElement") return undefined;
  return { line: element.loc?.start.line ?? 0, value: plain(element, constants) };
}

/** The last one counts, as when it is run; also one that comes by a spread. */
function property(node: ObjectExpression, name: string, constants: Constants): Found | undefined {
  for (const each of node.properties.toReversed()) {
    if (each.type === "SpreadElement") {
      const spread = plain(each.argument, constants);
      const found = spread?.type === "ObjectExpression" ? property(spread, name, constants) : undefined;
      if (found) return found;
    } else if (each.type === "ObjectProperty" && !each.computed && nameOf(each.key) === name) {
      return { line: each.loc?.start.line ?? 0, value: plain(each.value, constants) };
    }
  }
  return undefined;
}

function nameOf(key: Node): string | undefined {
  if (key.type === "Identifier") return key.name;
  if (key.type === "StringLiteral" || key.type === "NumericLiteral") return String(key.value);
  return undefined;
}
