import type { RouteName } from "@evenkeel/control/api/contract/index";
import {
  keepPreviousData,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
} from "@tanstack/react-query";
import { type ApiFault, faultOf } from "./api-fault.ts";
import { call, type RouteInput, type RouteReply } from "./call.ts";
import { confirmation } from "./confirmation.ts";

export interface ApiOptions {
  enabled?: boolean;
  /** Only for what no event tells of, such as measures. */
  everyMs?: number;
  /** Shows the last answer while another one is asked for. */
  keep?: boolean;
}

export const queryKey = <Name extends RouteName>(name: Name, input: RouteInput<Name>) =>
  [name, input] as const;

/** The answer of a route, kept fresh by events. */
export function useApi<Name extends RouteName>(
  name: Name,
  input: RouteInput<Name>,
  options: ApiOptions = {},
): UseQueryResult<RouteReply<Name>, ApiFault> {
  return useQuery<RouteReply<Name>, ApiFault, RouteReply<Name>, readonly unknown[]>({
    queryKey: queryKey(name, input),
    queryFn: ({ signal }) => call(name, input, signal),
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
    ...(options.everyMs === undefined ? {} : { refetchInterval: options.everyMs }),
    ...(options.keep ? { placeholderData: keepPreviousData as never } : {}),
  });
}

/** Something to do; `error` says why it was refused, and nothing is lost of what was typed. */
export function useAct<Input, Reply>(
  act: (input: Input) => Promise<Reply>,
  onDone: (reply: Reply) => void = () => {},
): UseMutationResult<Reply, ApiFault, Input> {
  return useMutation<Reply, ApiFault, Input>({
    mutationFn: async (input) => {
      try {
        return await act(input);
      } catch (error) {
        const fault = faultOf(error);
        // What shows, restores or removes is asked for once more, after the person has proven who they are.
        if (fault.code !== "fresh_sign_in_needed" || !(await confirmation.ask())) throw fault;
        return await act(input);
      }
    },
    onSuccess: onDone,
  });
}
