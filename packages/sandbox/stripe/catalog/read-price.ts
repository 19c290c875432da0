import type { Transaction } from "../objects/transaction.ts";
import { missing, type Parameters } from "../parameters/parameters.ts";
import { invalid, unsupported } from "../stripe-error.ts";
import { intervals, type PriceRecord, prices } from "./price.ts";
import { type ProductRecord, products } from "./product.ts";

export interface PriceWish {
  product: string | undefined;
  productData: Partial<ProductRecord> | undefined;
  currency: string;
  amount: number;
  recurring: PriceRecord["recurring"];
  taxBehavior: PriceRecord["taxBehavior"];
}

/** `price_data` of line items, `default_price_data` of products, and the parameters of prices themselves. */
export function readPriceData(params: Parameters): PriceWish {
  for (const name of [
    "tiers",
    "tiers_mode",
    "transform_quantity",
    "custom_unit_amount",
    "currency_options",
  ]) {
    if (params.has(name)) throw unsupported(`prices with ${name}`, params.name(name));
  }
  if (params.oneOf("billing_scheme", ["per_unit", "tiered"]) === "tiered")
    throw unsupported("tiered prices", params.name("billing_scheme"));
  const currency = params.required("currency").toLowerCase();
  if (!/^[a-z]{3}$/.test(currency))
    throw invalid(`Invalid currency: ${currency.slice(0, 20)}`, params.name("currency"));
  const decimal = params.text("unit_amount_decimal");
  if (decimal !== undefined && !/^\d+(\.0+)?$/.test(decimal))
    throw unsupported("prices with fractions of the smallest unit", params.name("unit_amount_decimal"));
  const amount = params.integer("unit_amount") ?? (decimal === undefined ? undefined : Number(decimal));
  if (amount === undefined) throw missing(params.name("unit_amount"));
  const data = params.record("product_data");
  return {
    ...{ currency, amount, recurring: readRecurring(params), product: params.text("product") },
    taxBehavior: params.oneOf("tax_behavior", ["exclusive", "inclusive", "unspecified"]) ?? "unspecified",
    productData: data && { ...readProductData(data), metadata: data.metadata() },
  };
}

function readRecurring(params: Parameters): PriceRecord["recurring"] {
  const recurring = params.record("recurring");
  if (!recurring) return null;
  if (recurring.oneOf("usage_type", ["licensed", "metered"]) === "metered" || recurring.has("meter"))
    throw unsupported("metered prices", recurring.name("usage_type"));
  const interval = recurring.oneOf("interval", intervals);
  if (!interval) throw missing(recurring.name("interval"));
  recurring.ignore("aggregate_usage");
  return { interval, count: recurring.integer("interval_count", 1, 1_095) ?? 1 };
}

export function readProductData(params: Parameters): Partial<ProductRecord> {
  params.ignore("package_dimensions", "type");
  const given = {
    name: params.text("name"),
    active: params.flag("active"),
    description: params.nullable("description"),
    images: params.texts("images"),
    features: params.records("marketing_features")?.map((feature) => feature.required("name")),
    unitLabel: params.nullable("unit_label"),
    statementDescriptor: params.nullable("statement_descriptor"),
    shippable: params.flag("shippable"),
    taxCode: params.nullable("tax_code"),
    url: params.nullable("url"),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

export function makeProduct(tx: Transaction, fields: Partial<ProductRecord>): ProductRecord {
  if (fields.name === undefined || fields.name === "") throw missing("name");
  const created = tx.nowS();
  const product = tx.put(products, {
    ...{ id: tx.newId(products), created, updated: created, name: "", active: true, description: null },
    ...{ images: [], features: [], defaultPrice: null, unitLabel: null, statementDescriptor: null },
    ...{ shippable: null, taxCode: null, url: null, metadata: {} },
    ...fields,
  });
  tx.emit("product.created", products, product);
  return product;
}

export function makePrice(tx: Transaction, wish: PriceWish, more: Partial<PriceRecord> = {}): PriceRecord {
  const { productData, product, ...fields } = wish;
  if (product === undefined && !productData) throw missing("product");
  const owner =
    product === undefined ? makeProduct(tx, productData!).id : tx.get(products, product, "product").id;
  const price = tx.put(prices, {
    ...{
      id: tx.newId(prices),
      created: tx.nowS(),
      active: true,
      nickname: null,
      lookupKey: null,
      metadata: {},
    },
    ...{ ...fields, product: owner },
    ...more,
  });
  tx.emit("price.created", prices, price);
  return price;
}
