import type { TwinRoute } from "../../provider/provider.ts";
import { differences } from "../customers/customer-routes.ts";
import { list, nothing, operation, retrieve, searchable } from "../operation.ts";
import { invalid } from "../stripe-error.ts";
import { prices } from "./price.ts";
import { products } from "./product.ts";
import { makePrice, makeProduct, readPriceData, readProductData } from "./read-price.ts";

/** https://docs.stripe.com/api/products and https://docs.stripe.com/api/prices */
export const catalogRoutes: TwinRoute[] = [
  operation(
    "POST",
    products.path,
    (params) => {
      const price = params.record("default_price_data");
      const id = params.text("id");
      params.required("name");
      return {
        ...{ id, fields: readProductData(params), metadata: params.metadata() },
        price: price && readPriceData(price),
      };
    },
    ({ tx, wish }) => {
      if (wish.id !== undefined && tx.find(products, wish.id))
        throw invalid(`Product already exists.`, "id", "resource_already_exists");
      const product = makeProduct(tx, {
        ...wish.fields,
        metadata: wish.metadata,
        ...(wish.id !== undefined && { id: wish.id }),
      });
      if (wish.price) product.defaultPrice = makePrice(tx, { ...wish.price, product: product.id }).id;
      return tx.render(products, tx.put(products, product));
    },
  ),
  searchable(products),
  retrieve(products),
  list(products, (params) => {
    const [active, ids] = [params.flag("active"), params.texts("ids")];
    return (product) => (active ?? product.active) === product.active && (ids?.includes(product.id) ?? true);
  }),
  operation(
    "POST",
    `${products.path}/:id`,
    (params) => ({
      fields: readProductData(params),
      defaultPrice: params.nullable("default_price"),
      metadata: params.metadataChange(),
    }),
    ({ tx, id, wish }) => {
      const product = tx.get(products, id);
      const before = tx.render(products, product);
      const metadata = wish.metadata(product.metadata);
      if (wish.defaultPrice != null) tx.get(prices, wish.defaultPrice, "default_price");
      if (wish.defaultPrice !== undefined) product.defaultPrice = wish.defaultPrice;
      tx.put(products, Object.assign(product, wish.fields, { metadata, updated: tx.nowS() }));
      const previous = differences(before, tx.render(products, product));
      tx.emit("product.updated", products, product, { previous });
      return tx.render(products, product);
    },
  ),
  operation("DELETE", `${products.path}/:id`, nothing, ({ tx, id }) => {
    const product = tx.get(products, id);
    if (tx.all(prices).some((price) => price.product === id))
      throw invalid("This product cannot be deleted because it has one or more user-created prices.");
    tx.emit("product.deleted", products, product);
    tx.delete(products, product);
    return { id, object: "product", deleted: true };
  }),
  operation(
    "POST",
    prices.path,
    (params) => ({
      price: readPriceData(params),
      nickname: params.nullable("nickname") ?? null,
      lookupKey: params.nullable("lookup_key") ?? null,
      takesLookupKey: params.flag("transfer_lookup_key") ?? false,
      active: params.flag("active") ?? true,
      metadata: params.metadata(),
    }),
    ({ tx, wish: { price, takesLookupKey, ...more } }) => {
      const holder =
        more.lookupKey === null
          ? undefined
          : tx.all(prices).find((each) => each.lookupKey === more.lookupKey);
      if (holder && !takesLookupKey)
        throw invalid(
          `A price (\`${holder.id}\`) already uses that lookup key.`,
          "lookup_key",
          "resource_already_exists",
        );
      if (holder) tx.put(prices, { ...holder, lookupKey: null });
      return tx.render(prices, makePrice(tx, price, more));
    },
  ),
  searchable(prices),
  retrieve(prices),
  list(prices, (params) => {
    const [active, product, currency] = [
      params.flag("active"),
      params.text("product"),
      params.text("currency"),
    ];
    const [type, keys] = [params.oneOf("type", ["one_time", "recurring"]), params.texts("lookup_keys")];
    const interval = params.record("recurring")?.text("interval");
    return (price) =>
      (active ?? price.active) === price.active &&
      (product ?? price.product) === price.product &&
      (currency ?? price.currency) === price.currency &&
      (type === undefined || (type === "recurring") === (price.recurring !== null)) &&
      (interval === undefined || price.recurring?.interval === interval) &&
      (keys === undefined || (price.lookupKey !== null && keys.includes(price.lookupKey)));
  }),
  operation(
    "POST",
    `${prices.path}/:id`,
    (params) => ({
      active: params.flag("active"),
      nickname: params.nullable("nickname"),
      lookupKey: params.nullable("lookup_key"),
      metadata: params.metadataChange(),
    }),
    ({ tx, id, wish: { metadata, ...fields } }) => {
      const price = tx.get(prices, id);
      const before = tx.render(prices, price);
      for (const [name, value] of Object.entries(fields))
        if (value !== undefined) Object.assign(price, { [name]: value });
      price.metadata = metadata(price.metadata);
      tx.put(prices, price);
      tx.emit("price.updated", prices, price, { previous: differences(before, tx.render(prices, price)) });
      return tx.render(prices, price);
    },
  ),
];
