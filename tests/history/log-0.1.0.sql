pragma application_id = 1984713556;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'events','m001_events','2026-11-23 16:31:56.914419+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'events','m002_append_only','2026-11-23 16:31:56.922500+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'events','m003_frontier','2026-11-23 16:31:56.930431+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'events','m004_projections','2026-11-23 16:31:56.934586+00:00');
CREATE TABLE "engine_runs" (
   "engine_id" TEXT PRIMARY KEY,
   "recipe_id" TEXT,
   "revision" INTEGER,
   "kind" TEXT,
   "runtime" TEXT,
   "model_name" TEXT,
   "port" INTEGER,
   "nonce" TEXT,
   "argv" TEXT,
   "log_path" TEXT,
   "state" TEXT NOT NULL,
   "since" INTEGER NOT NULL,
   "pid" INTEGER,
   "process_group" INTEGER,
   "process_started_at" REAL,
   "phase" TEXT NOT NULL DEFAULT '',
   "percent" REAL,
   "requested_at" INTEGER,
   "requested_by" TEXT,
   "ready_seconds" REAL,
   "adopted" INTEGER NOT NULL DEFAULT 0,
   "error_code" TEXT,
   "error" TEXT,
   "next_action" TEXT NOT NULL DEFAULT '',
   "lines" TEXT NOT NULL DEFAULT '[]',
   "exit_code" INTEGER
) STRICT;
INSERT INTO "engine_runs" VALUES('01a2','qwen3-8b',2,'vllm','vllm-0.12.0','qwen3-8b',8000,'9b3e','["vllm","serve","Qwen/Qwen3-8B","--api-key","•••"]','logs/engine-01a2.log','stopped',1795435248000000,4310,4310,1795435300.75,'',NULL,1795435236000000,'gateway',41.25,1,NULL,NULL,'','[]',0);
CREATE TABLE events (
          position       integer primary key,
          id             text    not null,
          stream         text    not null,
          version        integer not null,
          type           text    not null,
          schema         integer not null,
          recorded_at    integer not null,
          actor          text    not null,
          correlation_id text,
          causation_id   text,
          data           text    not null,
          leaf           blob    not null check (length(leaf) = 32),
          unique (stream, version)
        ) strict
        ;
INSERT INTO "events" VALUES(1,'01a20847-03dc-7000-86ac-386cb4815a59','audit',1,'audit-log-created',1,1795435201500000,'system',NULL,NULL,'{"log_id":"2397e696-e0f5-4ef6-818f-8424cc3849ab"}',X'45D4104E536D583B5BFB7CF5E761911BF3D3A1F5426131FFA82036C1D58DC932');
INSERT INTO "events" VALUES(2,'01a20847-09b8-7000-9e4c-c060076b73ce','app',1,'app-started',1,1795435203000000,'tray','wish-0',NULL,'{"version":"0.1.0","pid":4242,"headless":true}',X'0E54C4E90C9EE1ABACE6EF7838DE4A9EF07CEA4FFBAC9C1F97E2E0BF742050A1');
INSERT INTO "events" VALUES(3,'01a20847-0f94-7000-aa99-71c91af04475','app',2,'app-stopped',1,1795435204500000,'window',NULL,NULL,'{"reason":"quit from the tray","left_running":["qwen3-8b"]}',X'E8756B965CBE9CC899BFB43E2FC03EB19DD2018672F7BDE75DD72FACAA3BAABD');
INSERT INTO "events" VALUES(4,'01a20847-1570-7000-a379-c27a4f8954f5','app',3,'app-crash-detected',1,1795435206000000,'cli',NULL,NULL,'{"pid":4242}',X'BEEF6C0665BD210D07E91AC09B1D676A9A72C3E6FD63BBA87DAD5A576429DA3D');
INSERT INTO "events" VALUES(5,'01a20847-1b4c-7000-8d03-fe860a71b744','recipe-qwen3-8b',1,'recipe-created',1,1795435207500000,'key:laptop',NULL,NULL,'{"recipe_id":"qwen3-8b","recipe":{"id":"qwen3-8b","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"]},"revision":1}',X'65F046AE7A8FAE194F9FC197ECCF0B3AEC814474CAB43EB301D97F89E2491038');
INSERT INTO "events" VALUES(6,'01a20847-2128-7000-9f2a-80f5f6dae357','recipe-qwen3-8b',2,'recipe-revised',1,1795435209000000,'gateway','wish-4',NULL,'{"recipe_id":"qwen3-8b","recipe":{"id":"qwen3-8b","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"],"memory_fraction":0.85},"revision":2}',X'EA640166EAC3DE3810F5580C5C6A6DF0E34A91F89AEA726749B56288407A120A');
INSERT INTO "events" VALUES(7,'01a20847-2704-7000-a65a-bfecf036d189','recipe-qwen3-8b-long',1,'recipe-cloned',1,1795435210500000,'system',NULL,NULL,'{"recipe_id":"qwen3-8b-long","source_id":"qwen3-8b","recipe":{"id":"qwen3-8b-long","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"]},"revision":1}',X'719C0424793A2CC87C0E6AEFAE1F08874F248E5C66051C44795942808F4458A5');
INSERT INTO "events" VALUES(8,'01a20847-2ce0-7000-92b9-e937165e273b','recipe-demo',1,'recipe-imported',1,1795435212000000,'tray',NULL,NULL,'{"recipe_id":"demo","source":"recipes.toml","recipe":{"id":"demo","engine":"transformers","model":"demo"},"revision":1}',X'60EAF41F3E15C514F5035572FACE7D39CFC7FB8EC4634C20D460D2301BC69AF8');
INSERT INTO "events" VALUES(9,'01a20847-32bc-7000-995c-8e4682b978f5','recipe-demo',2,'recipe-archived',1,1795435213500000,'window',NULL,NULL,'{"recipe_id":"demo"}',X'DF170F3B0650B2CE14D777B64C9EDDD2C9D85EBE3B617B0A2B988EE7B4C31D2B');
INSERT INTO "events" VALUES(10,'01a20847-3898-7000-948a-c376936b8717','recipe-demo',3,'recipe-restored',1,1795435215000000,'cli','wish-8',NULL,'{"recipe_id":"demo"}',X'46629AAB557FD350668C0E9DD5338D454CF7504F3266DA27FD111921CBDE9B99');
INSERT INTO "events" VALUES(11,'01a20847-3e74-7000-93f3-54dc359e03c4','runtime-vllm-0.12.0',1,'runtime-install-requested',1,1795435216500000,'key:laptop',NULL,NULL,'{"runtime_id":"vllm-0.12.0","kind":"vllm","version":"0.12.0"}',X'F418A4168C7E9B532C1FD50917585C8AD272A4A7E22CB99DBCE343EDF6C9092F');
INSERT INTO "events" VALUES(12,'01a20847-4450-7000-8622-c55e6a6d6c19','runtime-vllm-0.12.0',2,'runtime-install-progressed',1,1795435218000000,'gateway',NULL,NULL,'{"runtime_id":"vllm-0.12.0","phase":"downloading torch","percent":41.5}',X'295DCFDE2B84B6AC58A23B97434733049473D550B80974B394CD6AACC9339F3E');
INSERT INTO "events" VALUES(13,'01a20847-4a2c-7000-bca8-3301932d4825','runtime-vllm-0.12.0',3,'runtime-install-failed',1,1795435219500000,'system',NULL,NULL,'{"runtime_id":"vllm-0.12.0","reason":"no space left on the disk","next_action":"free 12 GB and try again","lines":["error: No space left on device"]}',X'A0AAEA4B1A2E3147883C56D40B1227BD927B4AB55532E9BAB1DA7B1A56FFB964');
INSERT INTO "events" VALUES(14,'01a20847-5008-7000-91b6-e6c3b143ea3d','runtime-vllm-0.12.0',4,'runtime-installed',1,1795435221000000,'tray','wish-12',NULL,'{"runtime_id":"vllm-0.12.0","kind":"vllm","version":"0.12.0","seconds":183.25,"bytes_on_disk":9876543210}',X'CF8F5F7947A93B4721139E2EE12956AC1EBC50536D528E58EFF523BD13D56347');
INSERT INTO "events" VALUES(15,'01a20847-55e4-7000-8ca8-ab9c3da71ea8','runtime-sglang-0.5.6',1,'runtime-removed',1,1795435222500000,'window',NULL,NULL,'{"runtime_id":"sglang-0.5.6"}',X'C452073741E2849A41A68FFEEF455139BCF9852C8CD58B4362304D484F905744');
INSERT INTO "events" VALUES(16,'01a20847-5bc0-7000-b435-a493782cffa4','model-demo',1,'model-made',1,1795435224000000,'cli',NULL,NULL,'{"model_id":"demo","bytes_on_disk":4321987}',X'21125DF820568CB4F38A3E107EC595D58175FB78EAC47A7515A2D29F6987A966');
INSERT INTO "events" VALUES(17,'01a20847-619c-7000-b686-60f4925978d4','settings',1,'setting-changed',1,1795435225500000,'key:laptop',NULL,NULL,'{"key":"max_resident","value":2,"previous":1}',X'BC85EF61E60AA2EB52CB59E7F7F525A8CF6BFD736D5FA140CD6294F0B58F0D48');
INSERT INTO "events" VALUES(18,'01a20847-6778-7000-822a-c95f70b08605','gateway',1,'gateway-started',1,1795435227000000,'gateway','wish-16',NULL,'{"pid":4300,"process_group":4300,"process_started_at":1795435200.25,"port":4000,"nonce":"6f1d"}',X'D51E423CE9BDBD2EA03A39D5097D1DBD9908F833D56C72CB69A9EE5C8F8860A1');
INSERT INTO "events" VALUES(19,'01a20847-6d54-7000-81bc-21b30c783273','gateway',2,'gateway-became-ready',1,1795435228500000,'system',NULL,NULL,'{"seconds":6.5}',X'B23155FCA5319255F17C22C2D52AF155757DCD96CE2BA9ED4041E3AE7046969A');
INSERT INTO "events" VALUES(20,'01a20847-7330-7000-9ad7-d931ca26a444','switching',1,'switch-requested',1,1795435230000000,'tray',NULL,NULL,'{"switch_id":"5f0c","kind":"switch","target":"qwen3-8b","evict":["demo"],"force":true}',X'A04E95B2618A1DB8B612C4AD041A94A5ABB7C2488226E1CEFCC1BEE32A1D7F3E');
INSERT INTO "events" VALUES(21,'01a20847-790c-7000-a3c9-cc1b65bf2794','switching',2,'switch-draining-started',1,1795435231500000,'window',NULL,NULL,'{"switch_id":"5f0c","in_flight":3}',X'BD6CB7F2BD1BAF19CBC9875413433D8EAC3ECF6C09775018040B83560547402A');
INSERT INTO "events" VALUES(22,'01a20847-7ee8-7000-819f-b9269ec84674','switching',3,'switch-drained',1,1795435233000000,'cli','wish-20',NULL,'{"switch_id":"5f0c","cut":1}',X'10F92C5BB44C0DCD17830741C13F6F89323E14F0A9AA94C1AED06347B885D1F4');
INSERT INTO "events" VALUES(23,'01a20847-84c4-7000-8404-f6f26c80cf55','switching',4,'switch-eviction-finished',1,1795435234500000,'key:laptop',NULL,NULL,'{"switch_id":"5f0c","recipe_id":"demo"}',X'1CC76984D00DFCF8F2A3AFFEEE49C511BA68ADF0A2B932C80D0750A1B1100E8D');
INSERT INTO "events" VALUES(24,'01a20847-8aa0-7000-b438-110b13e5feaf','engine-01a2',1,'engine-start-requested',1,1795435236000000,'gateway',NULL,NULL,'{"engine_id":"01a2","recipe_id":"qwen3-8b","revision":2,"kind":"vllm","runtime":"vllm-0.12.0","model_name":"qwen3-8b","port":8000,"argv":["vllm","serve","Qwen/Qwen3-8B","--api-key","•••"],"nonce":"9b3e","log_path":"logs/engine-01a2.log"}',X'A1B04EE7CC52412F5B86682960D253C2B8352052B158090AE5236243F35F7603');
INSERT INTO "events" VALUES(25,'01a20847-907c-7000-899a-f223fc6d27f2','engine-01a2',2,'engine-started',1,1795435237500000,'system',NULL,NULL,'{"engine_id":"01a2","recipe_id":"qwen3-8b","pid":4310,"process_group":4310,"process_started_at":1795435300.75}',X'8D81960C74FF9BE07E87AB625ABCCBE7FAD9DABA7BA6DAD049793C5B579B1B71');
INSERT INTO "events" VALUES(26,'01a20847-9658-7000-aee5-a030ff294973','engine-01a2',3,'engine-progressed',1,1795435239000000,'tray','wish-24',NULL,'{"engine_id":"01a2","recipe_id":"qwen3-8b","phase":"loading weights","percent":62.5}',X'47BEA00D1C8CDDD870E06EB0EF45B79921EED8385D26B4236C0655D65C25D587');
INSERT INTO "events" VALUES(27,'01a20847-9c34-7000-8702-7c6bbee4f7ae','engine-01a2',4,'engine-became-ready',1,1795435240500000,'window',NULL,NULL,'{"engine_id":"01a2","recipe_id":"qwen3-8b","seconds":41.25}',X'E601ED01C16EEBA27EA68438489B45B2BA89B861261B24D5E961DE28D3C32447');
INSERT INTO "events" VALUES(28,'01a20847-a210-7000-a859-c2249312b038','gateway',3,'gateway-config-applied',1,1795435242000000,'cli',NULL,NULL,'{"models":["qwen3-8b","qwen"]}',X'3A865F94C0253993CFBAB80297390415769A3D3AFEE57DEF2FF75B428AB121BE');
INSERT INTO "events" VALUES(29,'01a20847-a7ec-7000-ad84-93e62817423a','switching',5,'switch-completed',1,1795435243500000,'key:laptop',NULL,NULL,'{"switch_id":"5f0c","kind":"switch","target":"qwen3-8b","seconds":44.5}',X'C980246BCE58F2A18FF1DAB598D72504A5BBC90E0252CAC1409F9B23FF88E5F4');
INSERT INTO "events" VALUES(30,'01a20847-adc8-7000-bded-d930d1b6b012','engine-01a2',5,'engine-adopted',1,1795435245000000,'gateway','wish-28',NULL,'{"engine_id":"01a2","recipe_id":"qwen3-8b","pid":4310}',X'F93BEB172F63B12D6458D5755D08A045006BC0DE698653E402BE21241DFCE4D2');
INSERT INTO "events" VALUES(31,'01a20847-b3a4-7000-a2bb-1df5e9938678','engine-01a2',6,'engine-stop-requested',1,1795435246500000,'system',NULL,NULL,'{"engine_id":"01a2","recipe_id":"qwen3-8b","reason":"evicted for demo"}',X'66636969B011394C255ED8951EC7C2EF7020F3692E95366DED0C20712D035EBC');
INSERT INTO "events" VALUES(32,'01a20847-b980-7000-a392-fdc8d45293c2','engine-01a2',7,'engine-stopped',1,1795435248000000,'tray',NULL,NULL,'{"engine_id":"01a2","recipe_id":"qwen3-8b","exit_code":0,"seconds":2.5,"forced":true}',X'ABB72457427DDA21445815F1F92F60ED102B478FB132E95B3640D4F01A0FF2FC');
INSERT INTO "events" VALUES(33,'01a20847-bf5c-7000-a21b-cfa4630a4382','engine-01a3',1,'engine-start-failed',1,1795435249500000,'window',NULL,NULL,'{"engine_id":"01a3","recipe_id":"qwen3-8b","reason":"not enough GPU memory","code":"out-of-memory","next_action":"lower memory_fraction","exit_code":1,"lines":["torch.OutOfMemoryError: CUDA out of memory"]}',X'CDCB66638510EF0DD0CF403EC9A4540A0217F61C95A64F99E955B9948B449669');
INSERT INTO "events" VALUES(34,'01a20847-c538-7000-b13a-ba66bd6c50f5','engine-01a4',1,'engine-crashed',1,1795435251000000,'cli','wish-32',NULL,'{"engine_id":"01a4","recipe_id":"qwen3-8b","reason":"killed by signal 11","code":"signal","next_action":"see its log","exit_code":-11,"lines":["Segmentation fault"]}',X'8415C6277C9A978374770B191A682BC223093F6200771B13B3FB2539FC140DD7');
INSERT INTO "events" VALUES(35,'01a20847-cb14-7000-98e4-e2c7bb80927a','engine-01a5',1,'engine-lost',1,1795435252500000,'key:laptop',NULL,NULL,'{"engine_id":"01a5","recipe_id":"qwen3-8b","reason":"no process 4310 of ours is running"}',X'5FF389E082CF54A4B2F4F8B94217B36277901EF4D4FF6B6D909DA6DEE451A9AF');
INSERT INTO "events" VALUES(36,'01a20847-d0f0-7000-91a1-683c0da4f1a5','switching',6,'switch-failed',1,1795435254000000,'gateway',NULL,NULL,'{"switch_id":"5f0c","kind":"switch","target":"qwen3-8b","reason":"not enough GPU memory","code":"out-of-memory"}',X'D00E60896F5551F473BF973A13E184A6B3306D7A10A0CC901BA8FB310E22ACFB');
INSERT INTO "events" VALUES(37,'01a20847-d6cc-7000-9e52-34cf09042879','switching',7,'switch-cancelled',1,1795435255500000,'system',NULL,NULL,'{"switch_id":"5f0c","kind":"switch","target":"qwen3-8b"}',X'5B5DDC7CEAB08A9905CBDB88211D9B5B6FF00915A0DC02D30614A25A3B7EA14A');
INSERT INTO "events" VALUES(38,'01a20847-dca8-7000-9f4d-2e71845c034d','gateway',4,'gateway-crashed',1,1795435257000000,'tray','wish-36',NULL,'{"reason":"killed by signal 9","exit_code":-9,"retry_in":2.0}',X'101FE2FE1566078D741AB9D34C3F075888EAE84290A1120A90AB42FFD424B333');
INSERT INTO "events" VALUES(39,'01a20847-e284-7000-a983-f669c4e9934f','gateway',5,'gateway-stopped',1,1795435258500000,'window',NULL,NULL,'{"exit_code":0}',X'1CDFBFE3ACCBA6196A1F9D15E1267EEE5C8A858CD76EB1BD63010435BBA31AF8');
INSERT INTO "events" VALUES(40,'01a20847-e860-7000-a315-7cf512a8e183','usage-2026-11-23',1,'request-finished',1,1795435260000000,'cli',NULL,NULL,'{"request_id":"req-7","path":"/v1/chat/completions","model":"qwen","recipe_id":"qwen3-8b","engine_id":"01a2","actor":"key:laptop","lane":"gateway","outcome":"ok","status":200,"stream":true,"prompt_tokens":812,"completion_tokens":164,"cached_tokens":512,"wait_ms":1.5,"ttft_ms":88.25,"duration_ms":2310.75,"cost":0.0125}',X'34B41B74D4C2C9A7698CE3567ACC9BC27C8395FFD9F9E6E5868FC34E04C70DC3');
CREATE TABLE "load_times" (
   "position" INTEGER PRIMARY KEY,
   "recipe_id" TEXT,
   "seconds" REAL
) STRICT;
INSERT INTO "load_times" VALUES(27,'qwen3-8b',41.25);
CREATE TABLE log_frontier (
          one   integer primary key check (one = 1),
          size  integer not null,
          peaks blob    not null
        ) strict
        ;
INSERT INTO "log_frontier" VALUES(1,40,X'9A7FEDB36BDA139BD8564F0A713B8A7039CD62863CE8A40FC8BAD6F9C0CFEA1251FB1F483C101E937F75C55982523475BF7DD2A6CC2AEEF7516EFF345680676E');
CREATE TABLE "log_projections" (
   "name" TEXT PRIMARY KEY,
   "version" INTEGER NOT NULL,
   "position" INTEGER NOT NULL,
   "tables" TEXT NOT NULL,
   "problem" TEXT
) STRICT;
INSERT INTO "log_projections" VALUES('saved-recipes',1,40,'["saved_recipes","recipe_revisions"]',NULL);
INSERT INTO "log_projections" VALUES('engine-runs',1,40,'["engine_runs"]',NULL);
INSERT INTO "log_projections" VALUES('load-times',1,40,'["load_times"]',NULL);
INSERT INTO "log_projections" VALUES('settings-in-force',1,40,'["settings_in_force"]',NULL);
INSERT INTO "log_projections" VALUES('runtimes-installed',1,40,'["runtimes_installed"]',NULL);
INSERT INTO "log_projections" VALUES('requests-by-day',1,40,'["requests_by_day"]',NULL);
CREATE TABLE "recipe_revisions" (
   "recipe_id" TEXT,
   "revision" INTEGER,
   "recipe" TEXT,
   "position" INTEGER PRIMARY KEY,
   "type" TEXT,
   "recorded_at" INTEGER,
   "actor" TEXT
) STRICT;
INSERT INTO "recipe_revisions" VALUES('qwen3-8b',1,'{"id":"qwen3-8b","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"]}',5,'recipe-created',1795435207500000,'key:laptop');
INSERT INTO "recipe_revisions" VALUES('qwen3-8b',2,'{"id":"qwen3-8b","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"],"memory_fraction":0.85}',6,'recipe-revised',1795435209000000,'gateway');
INSERT INTO "recipe_revisions" VALUES('qwen3-8b-long',1,'{"id":"qwen3-8b-long","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"]}',7,'recipe-cloned',1795435210500000,'system');
INSERT INTO "recipe_revisions" VALUES('demo',1,'{"id":"demo","engine":"transformers","model":"demo"}',8,'recipe-imported',1795435212000000,'tray');
CREATE TABLE "requests_by_day" (
   "day" TEXT,
   "recipe_id" TEXT,
   "outcome" TEXT,
   "requests" INTEGER,
   "prompt_tokens" INTEGER,
   "completion_tokens" INTEGER,
   "cached_tokens" INTEGER,
   "duration_ms" REAL,
   "cost" REAL,
   PRIMARY KEY ("day", "recipe_id", "outcome")
) STRICT;
INSERT INTO "requests_by_day" VALUES('2026-11-23','qwen3-8b','ok',1,812,164,512,2310.75,0.0125);
CREATE TABLE "runtimes_installed" (
   "runtime_id" TEXT PRIMARY KEY,
   "kind" TEXT,
   "version" TEXT,
   "state" TEXT NOT NULL,
   "since" INTEGER NOT NULL,
   "phase" TEXT NOT NULL DEFAULT '',
   "percent" REAL,
   "bytes_on_disk" INTEGER,
   "seconds" REAL,
   "error" TEXT,
   "next_action" TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO "runtimes_installed" VALUES('vllm-0.12.0','vllm','0.12.0','installed',1795435221000000,'',NULL,9876543210,183.25,NULL,'');
CREATE TABLE "saved_recipes" (
   "recipe_id" TEXT PRIMARY KEY,
   "revision" INTEGER,
   "recipe" TEXT,
   "archived" INTEGER,
   "created_at" INTEGER,
   "updated_at" INTEGER,
   "updated_by" TEXT
) STRICT;
INSERT INTO "saved_recipes" VALUES('qwen3-8b',2,'{"id":"qwen3-8b","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"],"memory_fraction":0.85}',0,1795435207500000,1795435209000000,'gateway');
INSERT INTO "saved_recipes" VALUES('qwen3-8b-long',1,'{"id":"qwen3-8b-long","model":"Qwen/Qwen3-8B","engine":"vllm","context_length":32768,"env":{"HF_TOKEN":"@secret:recipe.qwen3-8b.HF_TOKEN"},"aliases":["qwen","größer"]}',0,1795435210500000,1795435210500000,'system');
INSERT INTO "saved_recipes" VALUES('demo',1,'{"id":"demo","engine":"transformers","model":"demo"}',0,1795435212000000,1795435215000000,'cli');
CREATE TABLE "settings_in_force" (
   "key" TEXT PRIMARY KEY,
   "value" TEXT,
   "changed_at" INTEGER,
   "changed_by" TEXT
) STRICT;
INSERT INTO "settings_in_force" VALUES('max_resident','2',1795435225500000,'key:laptop');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TRIGGER events_no_update before update on events
        begin select raise(abort, 'events are never changed'); end;
CREATE TRIGGER events_no_delete before delete on events
        begin select raise(abort, 'events are never removed'); end;
CREATE TRIGGER events_no_replace before insert on events
        when exists (select 1 from events where stream = new.stream and version = new.version)
        begin select raise(abort, 'events are never replaced'); end;
CREATE TRIGGER events_in_order before insert on events
        when new.position <> (select coalesce(max(position), 0) + 1 from events)
          or new.version <> (select coalesce(max(version), 0) + 1
                             from events where stream = new.stream)
        begin select raise(abort, 'events are only appended, without a gap'); end;
CREATE INDEX "idx_recipe_revisions_recipe_id_position"
    ON "recipe_revisions" ("recipe_id", "position");
CREATE INDEX "idx_engine_runs_state"
    ON "engine_runs" ("state");
CREATE INDEX "idx_engine_runs_recipe_id"
    ON "engine_runs" ("recipe_id");
CREATE INDEX "idx_load_times_recipe_id_position"
    ON "load_times" ("recipe_id", "position");
COMMIT;
