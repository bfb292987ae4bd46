create table products (
  product_id text primary key,
  -- The order of listings. Never changes, so that a page stays where it is while products are added and changed.
  position bigint generated always as identity unique,
  title text not null check (title <> ''),
  description text not null,
  brand text not null,
  category text not null,
  version integer not null check (version > 0),
  changed_at timestamptz not null,
  -- The id of a removed product is never given to another: auctions and orders still name it.
  removed_at timestamptz
);
create index products_listed on products (position desc) where removed_at is null;
create index products_by_brand on products (brand, position desc) where removed_at is null;
create index products_by_category on products (category, position desc) where removed_at is null;
