import type Stripe from "stripe";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";

export interface ProductRecord extends Recorded {
  name: string;
  active: boolean;
  description: string | null;
  images: string[];
  features: string[];
  defaultPrice: string | null;
  unitLabel: string | null;
  statementDescriptor: string | null;
  shippable: boolean | null;
  taxCode: string | null;
  url: string | null;
  updated: number;
  metadata: Metadata;
}

export const products: Kind<ProductRecord> = {
  object: "product",
  title: "product",
  prefix: "prod",
  path: "/v1/products",
  render: (product) =>
    ({
      ...{ id: product.id, object: "product", active: product.active, created: product.created },
      ...{ default_price: product.defaultPrice, description: product.description, images: product.images },
      ...{ livemode: false, marketing_features: product.features.map((name) => ({ name })) },
      ...{
        metadata: product.metadata,
        name: product.name,
        package_dimensions: null,
        shippable: product.shippable,
      },
      ...{ statement_descriptor: product.statementDescriptor, tax_code: product.taxCode, tax_details: null },
      ...{ type: "service", unit_label: product.unitLabel, updated: product.updated, url: product.url },
    }) satisfies Wire<Stripe.Product>,
};
