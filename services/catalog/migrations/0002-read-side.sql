-- The read side of search: what products, stock, auctions and bids say, in tables made for being asked. It is built from events alone and
-- can be built again, so it exists in generations, each a schema of its own. Views name the one that answers.

-- Finds words by their likeness. PostgreSQL's contrib has it; without it search works and forgives no typing errors.
do $$
begin
  if exists (select from pg_available_extensions where name = 'pg_trgm') then
    create extension if not exists pg_trgm;
  else
    raise warning 'pg_trgm is not available: search will not forgive typing errors';
  end if;
end
$$;

-- PostgreSQL assumes a disk that turns, on which reading all of a table beats fetching a part of it by an index. What search reads is in
-- memory or on a solid state disk.
do $$
begin
  execute format('alter database %I set random_page_cost = 1.1', current_database());
end
$$;

create table read_sides (
  generation integer primary key,
  status text not null check (status in ('building', 'serving')),
  made_at timestamptz not null default now()
);
create unique index read_sides_serving on read_sides (status) where status = 'serving';
create unique index read_sides_building on read_sides (status) where status = 'building';

-- The last event taken from each partition. A generation that is built from the log is complete once the log was read beyond these.
create table read_side_marks (
  topic text not null,
  partition integer not null,
  event_id text not null,
  primary key (topic, partition)
);

create function make_read_side(generation integer) returns void language plpgsql as $$
declare
  side text := format('read_%s', generation);
begin
  execute format('create schema %I', side);
  perform set_config('search_path', format('%I, public', side), true);

  -- A row without a title is known by its stock or its auction only.
  create table items (
    product_id text collate "C" primary key,
    title text,
    description text,
    brand text,
    category text,
    -- Null where an event of the first version told it.
    version integer,
    listed_at_ms bigint,
    changed_at_ms bigint,
    removed boolean not null default false
  );

  create table item_stock (
    product_id text collate "C" not null,
    location text collate "C" not null,
    available bigint not null,
    version bigint not null,
    primary key (product_id, location)
  );

  -- The opening and the bids come on two topics: either may be first.
  create table item_auctions (
    auction_id text collate "C" primary key,
    product_id text collate "C",
    mode text,
    currency text,
    opening_price_minor bigint,
    quantity bigint,
    starts_at_ms bigint,
    opened_ends_at_ms bigint,
    -- The ledger's entry that the figures after it are from; -1 before the first.
    sequence bigint not null default -1,
    price_minor bigint,
    price_to_beat_minor bigint,
    bid_count bigint,
    quantity_left bigint,
    -- The entry that moved the end last; -1 while it is that of the opening.
    end_sequence bigint not null default -1,
    ends_at_ms bigint,
    closed boolean not null default false
  );
  create index item_auctions_open on item_auctions (product_id) where not closed;

  -- Every word that occurs, so that one that does not can be told, and the nearest found.
  create table words (word text collate "C" primary key);
  if exists (select from pg_extension where extname = 'pg_trgm') then
    create index words_by_likeness on words using gist (word gist_trgm_ops);
  end if;

  -- What search reads: an item with all that belongs to it. A brand's items are in one partition.
  create table listings (
    product_id text collate "C" not null,
    brand text collate "C" not null,
    category text collate "C" not null,
    title text not null,
    description text not null,
    listed_at_ms bigint not null,
    available bigint not null,
    auction_id text collate "C",
    mode text,
    currency text collate "C",
    price_minor bigint,
    price_to_beat_minor bigint,
    bid_count bigint,
    quantity_left bigint,
    starts_at_ms bigint,
    ends_at_ms bigint,
    search tsvector not null generated always as (
      setweight(to_tsvector('english'::regconfig, title), 'A') ||
      setweight(to_tsvector('english'::regconfig, brand), 'B') ||
      setweight(to_tsvector('english'::regconfig, category), 'C') ||
      setweight(to_tsvector('english'::regconfig, description), 'D')
    ) stored,
    primary key (brand, product_id)
  ) partition by hash (brand);
  for remainder in 0..7 loop
    execute format('create table listings_%s partition of listings for values with (modulus 8, remainder %s)', remainder, remainder);
  end loop;

  create index listings_by_product on listings (product_id);
  -- Facets are counted from this one alone, so it carries what they count and filter by.
  create index listings_newest on listings (listed_at_ms, product_id)
    include (brand, category, currency, price_minor, available, ends_at_ms);
  create index listings_brand_newest on listings (brand, listed_at_ms, product_id);
  create index listings_category_newest on listings (category, listed_at_ms, product_id);
  create index listings_in_stock_newest on listings (listed_at_ms, product_id) where available > 0;
  create index listings_price on listings (currency, price_minor, product_id) where price_minor is not null;
  create index listings_brand_price on listings (brand, currency, price_minor, product_id) where price_minor is not null;
  create index listings_category_price on listings (category, currency, price_minor, product_id) where price_minor is not null;
  create index listings_ending on listings (ends_at_ms, product_id) where ends_at_ms is not null;
  create index listings_search on listings using gin (search);

  perform set_config('search_path', 'public', true);
end
$$;

-- From here on the views name this generation. They are replaced in one transaction: a search reads the one before or the one after.
create function serve_read_side(generation integer) returns void language plpgsql as $$
begin
  execute format('create or replace view search_listings as select * from %I.listings', format('read_%s', generation));
  execute format('create or replace view search_words as select * from %I.words', format('read_%s', generation));
end
$$;

select make_read_side(1);
select serve_read_side(1);
insert into read_sides (generation, status) values (1, 'serving');
