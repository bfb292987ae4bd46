-- The card a user's purchases are charged to: what the provider gave for it, never its number.
create table payment_methods (
  user_id text primary key,
  token text not null,
  brand text not null check (length(brand) between 1 and 40),
  last_four text not null check (last_four ~ '^[0-9]{4}$'),
  expiry_month smallint not null check (expiry_month between 1 and 12),
  expiry_year smallint not null check (expiry_year between 2000 and 2100),
  stored_at bigint not null
);

-- One row a sale. The status is what the provider is known to have done (src/domain/payment.ts draws the states).
create table payments (
  order_number text primary key,
  payment_id uuid not null unique,
  user_id text not null,
  sale jsonb not null,
  status text not null check (
    status in ('due', 'capturing', 'captured', 'declined', 'cancelling', 'cancelled', 'refund-due', 'refunded')
  ),
  token text,
  charge_id text,
  captured_at bigint,
  reason text check (reason in ('PAYMENT_DECLINED', 'PAYMENT_METHOD_MISSING')),
  provider_code text,
  -- The trace of the sale, so that what the provider answers later is found in it.
  traceparent text,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  attempts integer not null default 0,
  -- When a worker may take the row up; null where nothing is left to do. A claim moves it ahead by the lease,
  -- so that the work of a process that died is taken over when the lease is over.
  next_attempt_at timestamptz,
  check (status <> 'capturing' or token is not null),
  check (status not in ('captured', 'refund-due', 'refunded') or charge_id is not null),
  check (status <> 'declined' or reason is not null),
  -- Work that is left is always scheduled, and finished work never is.
  check ((status in ('due', 'capturing', 'cancelling', 'refund-due')) = (next_attempt_at is not null))
);

create index payments_open on payments (next_attempt_at) where next_attempt_at is not null;
