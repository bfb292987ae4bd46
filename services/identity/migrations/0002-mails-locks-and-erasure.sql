alter table accounts
  add column email_verified_at timestamptz,
  -- By an admin, until an admin lifts it.
  add column locked_at timestamptz,
  add column locked_by text,
  add column lock_reason text,
  -- Name, address and password are gone; the row stays, so that the id is never another's.
  add column erased_at timestamptz,
  add check ((locked_at is null) = (locked_by is null) and (locked_at is null) = (lock_reason is null));
create index accounts_newest on accounts (registered_at desc, user_id desc);
create index accounts_email_prefix on accounts (email text_pattern_ops);
create index accounts_name_prefix on accounts (lower(display_name) text_pattern_ops);

alter table sessions
  add column last_used_at timestamptz,
  add column user_agent text,
  drop constraint sessions_end_reason_check,
  add constraint sessions_end_reason_check check (end_reason in (
    'logged-out', 'token-reused', 'password-changed', 'too-many', 'ended-by-owner', 'ended-by-admin', 'locked', 'role-changed', 'erased'));
update sessions set last_used_at = started_at;
alter table sessions alter column last_used_at set not null;

-- Failed log-ins by client address: whoever tries one password on many accounts locks none of them.
create table address_failures (
  address_sha256 bytea primary key check (length(address_sha256) = 32),
  failures integer not null check (failures > 0),
  last_failed_at timestamptz not null,
  locked_until timestamptz
);
create index address_failures_last_failed_at on address_failures (last_failed_at);

-- Mails that are to be sent. By address and not by account, so that asking for one does the same whether there is an account or not. What the
-- mail proves is made when it is sent: nothing here opens anything.
create table mail_queue (
  mail_id text primary key,
  email text not null,
  purpose text not null check (purpose in ('verify-email', 'reset-password')),
  requested_at timestamptz not null,
  next_attempt_at timestamptz not null,
  attempts integer not null default 0,
  done_at timestamptz
);
create index mail_queue_due on mail_queue (next_attempt_at) where done_at is null;
create index mail_queue_email on mail_queue (email, purpose, requested_at);
create index mail_queue_requested_at on mail_queue (requested_at);

-- 256 random bits each, so a plain SHA-256 is enough. A row is removed by its use.
create table mailed_tokens (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  user_id text not null references accounts on delete cascade,
  -- Where it was sent to: it proves that address and no later one.
  email text not null,
  purpose text not null check (purpose in ('verify-email', 'reset-password')),
  issued_at timestamptz not null,
  expires_at timestamptz not null
);
create index mailed_tokens_user_id on mailed_tokens (user_id, purpose);
create index mailed_tokens_expires_at on mailed_tokens (expires_at);
