import { environments, useAppEnvironment } from "../api/environment.ts";
import { Choice } from "../kit/field.tsx";

const words = { production: "Production", staging: "Staging", preview: "Previews" } as const;

/** @param without environments that the page has nothing of */
export function EnvironmentChoice({ without = [] }: { without?: readonly string[] }) {
  const { environment, setEnvironment } = useAppEnvironment();
  return (
    <Choice
      label="Environment"
      value={environment}
      options={environments
        .filter((each) => !without.includes(each))
        .map((each) => [each, words[each]] as const)}
      onChange={setEnvironment}
    />
  );
}
