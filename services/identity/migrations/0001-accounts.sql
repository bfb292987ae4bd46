create table accounts (
  user_id text primary key,
  -- Normalised by domain/email.ts before it comes here, so equality is identity.
  email text not null unique,
  display_name text not null,
  role text not null check (role in ('bidder', 'admin')),
  password_hash text not null,
  registered_at timestamptz not null
);

-- Failed attempts are counted by e-mail address, whether an account has it or not: so a lock tells nobody that an account exists.
create table login_failures (
  email_sha256 bytea primary key check (length(email_sha256) = 32),
  failures integer not null check (failures > 0),
  last_failed_at timestamptz not null,
  locked_until timestamptz
);
create index login_failures_last_failed_at on login_failures (last_failed_at);

-- One sign-in: the family of its refresh tokens.
create table sessions (
  session_id text primary key,
  user_id text not null references accounts on delete cascade,
  started_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('logged-out', 'token-reused', 'password-changed', 'too-many')),
  check ((ended_at is null) = (end_reason is null))
);
create index sessions_user_id on sessions (user_id, started_at) where ended_at is null;
create index sessions_expires_at on sessions (expires_at);

-- Tokens are 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
create table refresh_tokens (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  session_id text not null references sessions on delete cascade,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index refresh_tokens_session_id on refresh_tokens (session_id);
create index refresh_tokens_expires_at on refresh_tokens (expires_at);
-- The last line of defence: a family has one live token, whatever the code above it does.
create unique index refresh_tokens_live on refresh_tokens (session_id) where used_at is null;

create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  -- AES-256-GCM under KEY_ENCRYPTION_KEY, bound to the kid. Forgotten as soon as the key signs no longer.
  private_key_encrypted bytea,
  published_at timestamptz not null,
  signs_from timestamptz not null check (signs_from >= published_at),
  -- The admin who asked for it; null for a rotation by age.
  requested_by text
);
