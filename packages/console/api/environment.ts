import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

export const environments = ["production", "staging", "preview"] as const;
export type Environment = (typeof environments)[number];

/** Whose page this is: the app and environment of the address. */
export function useAppEnvironment(): {
  app: string;
  environment: Environment;
  setEnvironment: (environment: Environment) => void;
} {
  const { app } = useParams({ from: "/shell/apps/$app" });
  const { env } = useSearch({ from: "/shell/apps/$app" });
  const navigate = useNavigate();
  const environment = environments.find((each) => each === env) ?? "production";
  return {
    ...{ app, environment },
    setEnvironment: (next) =>
      void navigate({
        to: ".",
        search: (before: object) => ({ ...before, env: next === "production" ? undefined : next }),
        replace: true,
      }),
  };
}
