"""The tables that teams query. Migrations are only added: a mirror once made is brought forward.

`requests` has a column for each field of RequestFinished; a field that is newer than these tables
stands in `extra` until a migration gives it a column of its own.
"""

SCHEMA = "vllm_studio"

# Each field of RequestFinished, and its type as a column.
COLUMNS: dict[str, str] = {
    "request_id": "text",
    "path": "text",
    "model": "text",
    "recipe_id": "text",
    "engine_id": "text",
    "actor": "text",
    "lane": "text",
    "outcome": "text",
    "status": "integer",
    "stream": "boolean",
    "prompt_tokens": "bigint",
    "completion_tokens": "bigint",
    "cached_tokens": "bigint",
    "reasoning_tokens": "bigint",
    "counted": "text",
    "wait_ms": "double precision",
    "load_ms": "double precision",
    "ttft_ms": "double precision",
    "itl_ms": "double precision",
    "duration_ms": "double precision",
    "cost": "double precision",
    "energy_j": "double precision",
    "energy_cost": "double precision",
    "cache": "text",
    "fell_back_from": "text",
    "error_code": "text",
}

M001_TABLES = """
create table vllm_studio.studios (
  origin     uuid primary key,
  host       text not null,
  version    text not null,
  started_at timestamptz not null
);
comment on table vllm_studio.studios is
  'One row a studio that writes here; origin is the id of its main log.';

create table vllm_studio.mirror_progress (
  log      uuid primary key,
  origin   uuid not null,
  name     text not null,
  position bigint not null,
  event    text not null,
  host     text not null,
  moved_at timestamptz not null
);
comment on table vllm_studio.mirror_progress is
  'How far each log has been mirrored; changed only together with the rows of that position.';

create table vllm_studio.requests (
  log               uuid not null,
  position          bigint not null,
  origin            uuid not null,
  finished_at       timestamptz not null,
  day               date not null,
  key_id            text,
  request_id        text,
  path              text,
  model             text,
  recipe_id         text,
  engine_id         text,
  actor             text,
  lane              text,
  outcome           text,
  status            integer,
  stream            boolean,
  prompt_tokens     bigint,
  completion_tokens bigint,
  cached_tokens     bigint,
  reasoning_tokens  bigint,
  counted           text,
  wait_ms           double precision,
  load_ms           double precision,
  ttft_ms           double precision,
  itl_ms            double precision,
  duration_ms       double precision,
  cost              double precision,
  energy_j          double precision,
  energy_cost       double precision,
  cache             text,
  fell_back_from    text,
  error_code        text,
  extra             jsonb,
  primary key (log, position)
);
create index requests_finished_at on vllm_studio.requests (finished_at);
create index requests_request_id on vllm_studio.requests (request_id);
comment on table vllm_studio.requests is
  'Every request that ended, once; day is the UTC day on which it is counted.';

create table vllm_studio.keys (
  origin     uuid not null,
  key_id     text not null,
  name       text,
  prefix     text,
  issued_at  timestamptz,
  issued_by  text,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  limits     jsonb,
  primary key (origin, key_id)
);
comment on table vllm_studio.keys is
  'Every API key that was issued; never its secret, nor the hash of it.';

create view vllm_studio.usage_hourly as
select
  r.origin,
  date_trunc('hour', r.finished_at, 'UTC') as hour,
  r.key_id,
  k.name as key_name,
  r.model,
  r.recipe_id,
  r.lane,
  r.outcome,
  r.cache,
  count(*) as requests,
  coalesce(sum(r.prompt_tokens), 0)::bigint as prompt_tokens,
  coalesce(sum(r.completion_tokens), 0)::bigint as completion_tokens,
  coalesce(sum(r.cached_tokens), 0)::bigint as cached_tokens,
  coalesce(sum(r.reasoning_tokens), 0)::bigint as reasoning_tokens,
  coalesce(sum(r.duration_ms), 0) as duration_ms,
  coalesce(sum(r.cost), 0) as cost,
  coalesce(sum(r.energy_j), 0) as energy_j,
  coalesce(sum(r.energy_cost), 0) as energy_cost
from vllm_studio.requests r
left join vllm_studio.keys k on k.origin = r.origin and k.key_id = r.key_id
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
"""

MIGRATIONS: tuple[str, ...] = (M001_TABLES,)
