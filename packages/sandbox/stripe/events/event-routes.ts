import type { TwinRoute } from "../../provider/provider.ts";
import { list, nothing, operation, retrieve } from "../operation.ts";
import type { Parameters } from "../parameters/parameters.ts";
import { invalid } from "../stripe-error.ts";
import { endpointSecret, endpoints } from "./endpoint.ts";
import { eventsKind } from "./event.ts";

const readEndpoint = (params: Parameters) => {
  params.ignore("api_version", "connect");
  return {
    url: params.text("url"),
    events: params.texts("enabled_events"),
    description: params.nullable("description"),
    disabled: params.flag("disabled"),
    metadata: params.metadataChange(),
  };
};

function checked(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid");
}

/** https://docs.stripe.com/api/events and https://docs.stripe.com/api/webhook_endpoints */
export const eventRoutes: TwinRoute[] = [
  retrieve(eventsKind),
  list(eventsKind, (params) => {
    const [type, types] = [params.text("type"), params.texts("types")];
    const wanted = types ?? (type === undefined ? undefined : [type]);
    return (event) =>
      wanted === undefined ||
      wanted.some(
        (each) => each === event.type || (each.endsWith("*") && event.type.startsWith(each.slice(0, -1))),
      );
  }),
  operation(
    "POST",
    endpoints.path,
    (params) => {
      params.required("url");
      if (!params.has("enabled_events")) params.required("enabled_events");
      return readEndpoint(params);
    },
    ({ tx, wish }) => {
      const endpoint = tx.put(endpoints, {
        ...{
          id: tx.newId(endpoints),
          created: tx.nowS(),
          url: checked(wish.url!),
          events: wish.events ?? [],
        },
        ...{
          description: wish.description ?? null,
          metadata: wish.metadata({}),
          enabled: true,
          given: false,
        },
      });
      return { ...tx.render(endpoints, endpoint), secret: endpointSecret(tx.account, endpoint) };
    },
  ),
  retrieve(endpoints),
  list(endpoints),
  operation("POST", `${endpoints.path}/:id`, readEndpoint, ({ tx, id, wish }) => {
    const endpoint = tx.get(endpoints, id);
    if (wish.url !== undefined) endpoint.url = checked(wish.url);
    if (wish.events) endpoint.events = wish.events;
    if (wish.description !== undefined) endpoint.description = wish.description;
    if (wish.disabled !== undefined) endpoint.enabled = !wish.disabled;
    endpoint.metadata = wish.metadata(endpoint.metadata);
    return tx.render(endpoints, tx.put(endpoints, endpoint));
  }),
  operation("DELETE", `${endpoints.path}/:id`, nothing, ({ tx, id }) => {
    tx.delete(endpoints, tx.get(endpoints, id));
    return { id, object: "webhook_endpoint", deleted: true };
  }),
];
