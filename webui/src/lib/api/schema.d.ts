// Made by `npm run types` from openapi.json.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** AcknowledgeWish */
        AcknowledgeWish: {
            log: string;
            log_id?: string | null;
            reason: string;
        };
        /** Alive */
        Alive: {
            problem?: string | null;
            status: string;
            version: string;
        };
        /** AnswerBack */
        AnswerBack: {
            /** @default  */
            text: string;
        };
        /** ApprovalList */
        ApprovalList: {
            approvals: components["schemas"]["StandingApproval"][];
        };
        /** ApprovalThen */
        ApprovalThen: {
            approval_id: string;
            approved_at: number;
            approved_by: string;
            arguments_hash: string;
            server: string;
            tool: string;
        };
        /** ApproveWish */
        ApproveWish: {
            /**
             * @default once
             * @enum {string}
             */
            scope: "once" | "conversation" | "always";
            /** @default  */
            shown: string;
        };
        /** Attachment */
        Attachment: {
            /** @default 0 */
            blank_pages: number;
            /** @default  */
            encoding: string;
            /** @default 0 */
            extracted: number;
            /** @default 1 */
            frames: number;
            height?: number | null;
            id: string;
            /** @enum {string} */
            kind: "image" | "pdf" | "text" | "code";
            /** @default 0 */
            left_out: number;
            mime: string;
            name: string;
            pages?: number | null;
            scaled_from?: [
                number,
                number
            ] | null;
            sha256: string;
            size: number;
            /** @default  */
            text: string;
            tokens: number;
            width?: number | null;
        };
        /** AuditView */
        AuditView: {
            checkpoint: components["schemas"]["SignedFor"] | null;
            checkpoints_folder: string;
            kept: string | null;
            log_id: string;
            notices: string[];
            root: string | null;
            size: number;
            verified: components["schemas"]["Verified"][];
            verifier_key: string | null;
        };
        /** BodyView */
        BodyView: {
            data: string;
            /** @enum {string} */
            encoding: "text" | "base64";
            size: number;
            whole: boolean;
        };
        /**
         * Budget
         * @default {
         *       "minutes": 15,
         *       "sources": 12,
         *       "tokens": 200000
         *     }
         */
        Budget: {
            /** @default 15 */
            minutes: number;
            /** @default 12 */
            sources: number;
            /** @default 200000 */
            tokens: number;
        };
        /** CacheCleared */
        CacheCleared: {
            forgotten: number;
        };
        /** CacheCounts */
        CacheCounts: {
            bytes: number | null;
            entries: number;
            hits: number;
            joins: number;
            misses: number;
            place: string;
        };
        /** CallList */
        CallList: {
            calls: components["schemas"]["CallState"][];
        };
        /** CallRow */
        CallRow: {
            /**
             * @default
             * @enum {string}
             */
            approved: "once" | "conversation" | "always" | "policy" | "";
            arguments: string;
            call_id: string;
            /** @default  */
            description: string;
            duration_ms?: number | null;
            name: string;
            /** @default  */
            reason: string;
            /** @default  */
            server: string;
            /** @default  */
            shown: string;
            since: number;
            /** @enum {string} */
            state: "asking" | "running" | "done" | "failed" | "denied" | "timed-out" | "cancelled";
            /** @default  */
            tool: string;
            /** @default 0 */
            truncated: number;
        };
        /** CallState */
        CallState: {
            /**
             * @default
             * @enum {string}
             */
            approved: "once" | "conversation" | "always" | "policy" | "";
            arguments: {
                [key: string]: unknown;
            };
            arguments_hash: string;
            /** @default 0 */
            bytes: number;
            call_id: string;
            conversation_id: string;
            /** @default  */
            description: string;
            /** @default 0 */
            duration_ms: number;
            ended_at?: number | null;
            /** @default  */
            reason: string;
            reply_id: string;
            server: string;
            /** @default  */
            shown: string;
            since: number;
            /** @enum {string} */
            state: "asking" | "running" | "done" | "failed" | "denied" | "timed-out" | "cancelled";
            tool: string;
            /** @default 0 */
            truncated: number;
        };
        /** CancelWish */
        CancelWish: {
            request_id?: string | null;
            target?: string | null;
        };
        /** Cancelled */
        Cancelled: {
            cancelled: number;
        };
        /** CaptureCounts */
        CaptureCounts: {
            bytes: number;
            capture_bodies: string;
            days: number;
            dropped: number;
            requests: number;
        };
        /** Cause */
        Cause: {
            actor: string;
            data: {
                [key: string]: unknown;
            };
            position: number;
            recorded_at: number;
            sentence: string;
            type: string;
        };
        /** ChangeAccepted */
        ChangeAccepted: {
            /** @default [] */
            evict: string[];
            kind: string;
            switch_id: string | null;
            target: string | null;
        };
        /** ChangeUnderWay */
        ChangeUnderWay: {
            actor: string;
            evict: string[];
            kind: string;
            position: number;
            since: number;
            step: string;
            switch_id: string;
            target: string | null;
        };
        /** ChangeWish */
        ChangeWish: {
            /** @default false */
            exclusive: boolean;
            /** @default false */
            force: boolean;
            target?: string | null;
            /** @default false */
            wait: boolean;
        };
        /** Checked */
        Checked: {
            problems: components["schemas"]["Problem"][];
        };
        /** Checkpointed */
        Checkpointed: {
            kept: string | null;
            log_id: string;
            note: string;
            root: string;
            size: number;
            verifier_key: string;
        };
        /** ChosenProviders */
        ChosenProviders: {
            providers: string[];
        };
        /** Claim */
        Claim: {
            log: string;
            name: string;
            position?: number | null;
            sentence: string;
            until?: number | null;
            /** @enum {string} */
            verdict: "proved" | "disproved" | "not-provable" | "skipped";
        };
        /** Compared */
        Compared: {
            /** @default [] */
            before: string[];
            /** @enum {string} */
            change: "same" | "added" | "removed" | "changed";
            flag: string;
            values: string[];
        };
        /** ComparedVariable */
        ComparedVariable: {
            /** @default  */
            before: string;
            /** @enum {string} */
            change: "same" | "added" | "removed" | "changed";
            name: string;
            /** @enum {string} */
            source: "recipe" | "studio";
            value: string;
        };
        /** Consequences */
        Consequences: {
            complete: boolean;
            entries: components["schemas"]["TimelineEntry"][];
            position: number;
        };
        /** Consistency */
        Consistency: {
            earlier: components["schemas"]["Tree"];
            format: string;
            hashes: string[];
            /** @constant */
            kind: "consistency";
            later: components["schemas"]["Tree"];
            log: string;
            log_id: string;
            /** @default [] */
            verifier_keys: string[];
            version: number;
        };
        /** Contradiction */
        Contradiction: {
            /** @default  */
            about: string;
            notes: string[];
        };
        /** Conversation */
        Conversation: {
            chosen: string | null;
            conversation: components["schemas"]["ConversationView"];
            /** @default 0 */
            earlier: number;
            messages: components["schemas"]["MessageView"][];
            /** @default [] */
            places: number[];
            setup?: components["schemas"]["Setup"] | null;
        };
        /** ConversationChange */
        ConversationChange: {
            chosen?: string;
            folder?: string | null;
            pinned?: boolean;
            setup?: components["schemas"]["SetupWish"];
            title?: string;
            /**
             * @default person
             * @enum {string}
             */
            titled_by: "person" | "first-line";
        };
        /** ConversationFile */
        ConversationFile: {
            text: string;
        };
        /** ConversationList */
        ConversationList: {
            conversations: components["schemas"]["ConversationView"][];
        };
        /** ConversationView */
        ConversationView: {
            completion_tokens: number;
            conversation_id: string;
            empty: boolean;
            erased_at: number | null;
            erased_by: string | null;
            folder: string | null;
            last_at: number;
            messages: number;
            model: string | null;
            pinned: boolean;
            prompt_tokens: number;
            /** @enum {string} */
            standing: "open" | "erased" | "lost";
            started_at: number;
            started_by: string;
            title: string | null;
            titled_by: string;
        };
        /** Conversing */
        Conversing: {
            conversation_id: string;
        };
        /** Cost */
        Cost: {
            context: number | null;
            exact: boolean;
            files: components["schemas"]["FileCost"][];
            model: string;
            /** @enum {string} */
            sees: "yes" | "no" | "unknown";
            tokens: number;
        };
        /** CostWish */
        CostWish: {
            /** @default [] */
            attachments: string[];
            model: string;
            /** @default  */
            text: string;
        };
        /** Cpu */
        Cpu: {
            cores: number;
            name: string;
            percent: number;
        };
        /** DemoAccepted */
        DemoAccepted: {
            installing: string[];
            recipes: string[];
        };
        /** DemoWish */
        DemoWish: {
            /** @default setup */
            action: string;
            /** @default false */
            wait: boolean;
        };
        /** DenyWish */
        DenyWish: {
            /** @default  */
            reason: string;
        };
        /** Difference */
        Difference: {
            /** @enum {string} */
            change: "added" | "removed" | "changed";
            facts: components["schemas"]["Cause"][];
            fields: components["schemas"]["FieldChange"][];
            id: string;
            /** @default 0 */
            more_facts: number;
            what: string;
        };
        /** Disk */
        Disk: {
            free: number;
            total: number;
        };
        /** Doing */
        Doing: {
            /** @enum {string} */
            kind: "asking-back" | "planning" | "thinking-of-queries" | "searching" | "reading" | "noting" | "finding-gaps" | "comparing" | "writing" | "checking";
            /** @default  */
            provider: string;
            /** @default  */
            query: string;
            /** @default 0 */
            source: number;
            /** @default  */
            step_id: string;
        };
        /** Done */
        Done: {
            /** @default true */
            ok: boolean;
        };
        /** EditedPlan */
        EditedPlan: {
            steps: components["schemas"]["PlanStep"][];
        };
        /** EngineList */
        EngineList: {
            engines: components["schemas"]["EngineView"][];
        };
        /** EngineRun */
        EngineRun: {
            adopted: boolean;
            argv: string[];
            devices: string[];
            engine_id: string;
            error: string | null;
            error_code: string | null;
            exit_code: number | null;
            fingerprint: string;
            kind: string;
            lines: string[];
            log_path: string;
            model_name: string;
            next_action: string;
            nonce: string;
            percent: number | null;
            phase: string;
            pid: number | null;
            port: number;
            process_group: number | null;
            process_started_at: number | null;
            ready_seconds: number | null;
            recipe_id: string;
            requested_at: number;
            requested_by: string;
            revision: number;
            runtime: string | null;
            since: number;
            state: string;
        };
        /** EngineView */
        EngineView: {
            /** @default false */
            adopted: boolean;
            /** @default [] */
            argv: string[];
            /** @default [] */
            devices: string[];
            engine_id: string;
            error?: string | null;
            /** @default  */
            error_code: string;
            eta_s?: number | null;
            /** @default 0 */
            in_flight: number;
            kind: string;
            /** @default false */
            late: boolean;
            /** @default [] */
            lines: string[];
            /** @default  */
            next_action: string;
            percent?: number | null;
            /** @default  */
            phase: string;
            pid?: number | null;
            port: number;
            recipe_id: string;
            remedy?: {
                [key: string]: boolean | number | string | null;
            };
            runtime: string | null;
            since: number;
            sleep_level?: number | null;
            /** @enum {string} */
            state: "starting" | "loading" | "ready" | "stopping" | "stopped" | "failed" | "asleep" | "left-alone";
        };
        /** FailedStarts */
        FailedStarts: {
            at: number;
            code: string;
            count: number;
            next_action: string;
            ready_at: number | null;
            reason: string;
            recipe_id: string;
        };
        /** FieldChange */
        FieldChange: {
            after: unknown;
            before: unknown;
            field: string;
        };
        /** FieldInfo */
        FieldInfo: {
            above?: number | null;
            /** @default [] */
            also: string[];
            /** @default [] */
            choices: string[];
            default: unknown;
            /**
             * @default [
             *       "vllm",
             *       "sglang",
             *       "transformers",
             *       "command"
             *     ]
             */
            engines: ("vllm" | "sglang" | "transformers" | "command")[];
            flags?: {
                [key: string]: string[];
            };
            /** @enum {string} */
            group: "who" | "what" | "called" | "devices" | "memory" | "scheduling" | "behaviour" | "more" | "life" | "cost";
            help: string;
            /**
             * @default text
             * @enum {string}
             */
            kind: "text" | "prose" | "whole" | "number" | "switch" | "maybe" | "choice" | "names" | "lines" | "devices" | "variables" | "parameters" | "presets" | "parts" | "rows";
            label: string;
            maximum?: number | null;
            minimum?: number | null;
            name: string;
            /** @default [] */
            parts: components["schemas"]["FieldPart"][];
            /** @default [] */
            suggestions: string[];
            suggestions_by_engine?: {
                [key: string]: string[];
            };
            /** @default  */
            unit: string;
        };
        /** FieldPart */
        FieldPart: {
            default?: unknown;
            /** @enum {string} */
            kind: "text" | "prose" | "whole" | "number" | "switch" | "maybe" | "choice" | "names" | "lines" | "devices" | "variables" | "parameters" | "presets" | "parts" | "rows";
            label: string;
            name: string;
            /** @default false */
            required: boolean;
        };
        /** FileCost */
        FileCost: {
            exact: boolean;
            id: string;
            tokens: number;
        };
        /** FitDevice */
        FitDevice: {
            allowed: number;
            device: string;
            held: number;
            label: string;
            name: string;
            needs: number;
            segments: components["schemas"]["Segment"][];
            takes: number;
            total: number;
        };
        /** FitReport */
        FitReport: {
            /** @default [] */
            devices: components["schemas"]["FitDevice"][];
            numbers?: components["schemas"]["Numbers"] | null;
            recipe_id: string;
            /** @default [] */
            remedies: components["schemas"]["Remedy"][];
            sentence: string;
            /** @default 0 */
            short_by: number;
            /** @enum {string} */
            source: "estimated" | "measured" | "unknown";
            /** @enum {string} */
            verdict: "fits" | "will-not-fit" | "unknown";
        };
        /** Forgotten */
        Forgotten: {
            forgotten: number;
        };
        /** Former */
        Former: {
            log_id: string;
            root: string;
            size: number;
        };
        /** Found */
        Found: {
            around: string;
            conversation: components["schemas"]["ConversationView"];
            message_id: string | null;
            times: number;
        };
        /** FoundList */
        FoundList: {
            found: components["schemas"]["Found"][];
        };
        /** GatewayView */
        GatewayView: {
            error?: string | null;
            pid?: number | null;
            port: number;
            /** @default 0 */
            restarts: number;
            /** @enum {string} */
            state: "installing" | "starting" | "ready" | "down" | "stopped";
        };
        /** Gpu */
        Gpu: {
            index: number;
            /** @default [] */
            links: components["schemas"]["Link"][];
            memory_total: number;
            memory_used: number;
            name: string;
            power_w?: number | null;
            /** @default [] */
            processes: components["schemas"]["GpuProcess"][];
            /** @default [] */
            slices: components["schemas"]["Slice"][];
            temperature?: number | null;
            utilization?: number | null;
            uuid: string;
        };
        /** GpuProcess */
        GpuProcess: {
            memory: number;
            name: string;
            pid: number;
        };
        /** Hardware */
        Hardware: {
            cpu: components["schemas"]["Cpu"];
            disk: components["schemas"]["Disk"];
            driver: string | null;
            gpu_note: string;
            gpus: components["schemas"]["Gpu"][];
            memory: components["schemas"]["Memory"];
        };
        /** HeldBackView */
        HeldBackView: {
            /** @default [] */
            direct: string[];
            recipe_ids: string[];
            share: number;
            since: number;
        };
        /** Hosts */
        Hosts: {
            private_hosts: string[];
        };
        /** Import */
        Import: {
            line?: number | null;
            /** @default  */
            message: string;
            /** @default [] */
            servers: components["schemas"]["mcp_desk_Imported"][];
        };
        /** ImportLine */
        ImportLine: {
            /** @default  */
            engine: string;
            /** @default  */
            field: string;
            /** @default [] */
            fields: string[];
            id: string;
            line?: number | null;
            /** @default  */
            message: string;
            /** @default  */
            model: string;
            /** @default  */
            name: string;
            /** @default  */
            next_action: string;
            /** @enum {string} */
            outcome: "new" | "revision" | "same" | "from-archive" | "refused";
            /** @default 0 */
            revision: number;
        };
        /** ImportPreview */
        ImportPreview: {
            column?: number | null;
            /** @default  */
            field: string;
            line?: number | null;
            /** @default  */
            message: string;
            /** @default [] */
            recipes: components["schemas"]["ImportLine"][];
        };
        /** ImportText */
        ImportText: {
            format: string;
            only?: string[] | null;
            /** @default false */
            replace: boolean;
            text: string;
        };
        /** ImportWish */
        ImportWish: {
            /** @default false */
            look: boolean;
            /** @default [] */
            only: string[];
            text: string;
        };
        /** ImportedConversations */
        ImportedConversations: {
            imported: string[];
        };
        /** Inclusion */
        Inclusion: {
            format: string;
            hashes: string[];
            /** @constant */
            kind: "inclusion";
            line: string;
            log: string;
            log_id: string;
            position: number;
            tree: components["schemas"]["Tree"];
            /** @default [] */
            verifier_keys: string[];
            version: number;
        };
        /** InstallAccepted */
        InstallAccepted: {
            kind: string;
        };
        /** InstallWish */
        InstallWish: {
            kind: string;
            version?: string | null;
            /** @default false */
            wait: boolean;
        };
        /** KeyLimits */
        KeyLimits: {
            budget_day?: number | null;
            budget_month?: number | null;
            /** @default [] */
            lanes: string[];
            /** @default [] */
            models: string[];
            parallel?: number | null;
            preferred_lane?: string | null;
            requests_per_minute?: number | null;
            /**
             * @default [
             *       "inference"
             *     ]
             */
            scopes: string[];
            tokens_per_minute?: number | null;
        };
        /** KeyList */
        KeyList: {
            keys: components["schemas"]["KeyView"][];
            next?: string | null;
            required: boolean;
        };
        /** KeyThen */
        KeyThen: {
            expires_at: number | null;
            issued_at: number;
            issued_by: string;
            key_id: string;
            limits: components["schemas"]["KeyLimits"];
            name: string;
            prefix: string;
            revoked_at: number | null;
            revoked_by: string | null;
            state: string;
        };
        /** KeyUse */
        KeyUse: {
            day_reset_at: number;
            month_reset_at: number;
            parallel: number;
            requests: number;
            requests_reset_at: number | null;
            spent_day: number;
            spent_month: number;
            tokens: number;
            tokens_reset_at: number | null;
        };
        /** KeyView */
        KeyView: {
            expires_at?: number | null;
            issued_at: number;
            issued_by: string;
            key_id: string;
            limits?: components["schemas"]["KeyLimits"];
            name: string;
            prefix: string;
            revoked_at?: number | null;
            revoked_by?: string | null;
            state: string;
            used?: components["schemas"]["KeyUse"] | null;
        };
        /** KeyWish */
        KeyWish: {
            expires_at?: number | null;
            expires_in_s?: number | null;
            limits?: {
                [key: string]: unknown;
            };
            name: string;
        };
        /** KeyWithSecret */
        KeyWithSecret: {
            key: components["schemas"]["KeyView"];
            secret: string;
        };
        /** Latency */
        Latency: {
            mean?: number | null;
            p50?: number | null;
            p95?: number | null;
            p99?: number | null;
        };
        /** LaunchPreview */
        LaunchPreview: {
            arguments: components["schemas"]["Compared"][];
            changes: number;
            doubt: string;
            engine: string;
            missing: string;
            passed: string[];
            runtime: string | null;
            text: string;
            variables: components["schemas"]["ComparedVariable"][];
        };
        /** Link */
        Link: {
            /** @enum {string} */
            distance: "nvlink" | "switch" | "socket" | "system";
            uuid: string;
        };
        /** LogLine */
        LogLine: {
            at: number;
            number: number;
            /** @enum {string} */
            source: "stderr" | "stdout" | "message" | "studio";
            text: string;
        };
        /** LogLines */
        LogLines: {
            lines: string[];
            name: string;
        };
        /** LogReport */
        LogReport: {
            /** @default [] */
            claims: components["schemas"]["Claim"][];
            log: string;
            /** @default  */
            log_id: string;
            /** @default  */
            root: string;
            /** @default 0 */
            seconds: number;
            /** @default 0 */
            size: number;
        };
        /** Lora */
        Lora: {
            name: string;
            path: string;
        };
        /** McpLog */
        McpLog: {
            lines: components["schemas"]["LogLine"][];
            next: number;
        };
        /** McpPrompt */
        McpPrompt: {
            description: string;
            messages: components["schemas"]["McpPromptMessage"][];
        };
        /** McpPromptMessage */
        McpPromptMessage: {
            role: string;
            text: string;
        };
        /** McpResource */
        McpResource: {
            contents: components["schemas"]["McpResourcePart"][];
        };
        /** McpResourcePart */
        McpResourcePart: {
            data: string | null;
            mime: string;
            size: number;
            text: string | null;
            truncated: number;
            uri: string;
        };
        /** McpServerDetail */
        McpServerDetail: {
            /** @default [] */
            args: string[];
            /** @default  */
            command: string;
            /** @default  */
            cwd: string;
            enabled: boolean;
            /** @default [] */
            env: string[];
            /** @default [] */
            headers: string[];
            /** @default  */
            instructions: string;
            name: string;
            /** @default  */
            next_action: string;
            pid?: number | null;
            ping_ms?: number | null;
            /** @default  */
            problem: string;
            /** @default [] */
            prompt_list: components["schemas"]["PromptView"][];
            /** @default 0 */
            prompts: number;
            /** @default [] */
            resource_list: components["schemas"]["ResourceView"][];
            /** @default 0 */
            resources: number;
            /** @default 0 */
            restarts: number;
            /** @default false */
            signed_in: boolean;
            since: number;
            /** @enum {string} */
            state: "off" | "starting" | "ready" | "failed" | "needs-sign-in";
            timeout_s: number;
            /** @default [] */
            tool_list: components["schemas"]["ToolView"][];
            /** @default 0 */
            tools: number;
            /** @enum {string} */
            transport: "stdio" | "http";
            /** @default  */
            url: string;
            /** @default  */
            version: string;
        };
        /** McpServerList */
        McpServerList: {
            servers: components["schemas"]["McpServerView"][];
        };
        /** McpServerSavedView */
        McpServerSavedView: {
            /** @default [] */
            problems: components["schemas"]["Problem"][];
            server: components["schemas"]["McpServerView"];
        };
        /** McpServerView */
        McpServerView: {
            /** @default [] */
            args: string[];
            /** @default  */
            command: string;
            /** @default  */
            cwd: string;
            enabled: boolean;
            /** @default [] */
            env: string[];
            /** @default [] */
            headers: string[];
            name: string;
            /** @default  */
            next_action: string;
            pid?: number | null;
            ping_ms?: number | null;
            /** @default  */
            problem: string;
            /** @default 0 */
            prompts: number;
            /** @default 0 */
            resources: number;
            /** @default 0 */
            restarts: number;
            /** @default false */
            signed_in: boolean;
            since: number;
            /** @enum {string} */
            state: "off" | "starting" | "ready" | "failed" | "needs-sign-in";
            timeout_s: number;
            /** @default 0 */
            tools: number;
            /** @enum {string} */
            transport: "stdio" | "http";
            /** @default  */
            url: string;
            /** @default  */
            version: string;
        };
        /** McpServerWish */
        McpServerWish: {
            /** @default [] */
            args: string[];
            /** @default  */
            command: string;
            /** @default  */
            cwd: string;
            /** @default true */
            enabled: boolean;
            env?: {
                [key: string]: string | null;
            };
            headers?: {
                [key: string]: string | null;
            };
            /** @default 60 */
            timeout_s: number;
            /** @enum {string} */
            transport: "stdio" | "http";
            /** @default  */
            url: string;
        };
        /** Memory */
        Memory: {
            available: number;
            total: number;
        };
        /** MessageView */
        MessageView: {
            added_at: number;
            completion_tokens: number | null;
            message_id: string;
            model: string | null;
            outcome: string;
            parent_id: string | null;
            prompt_tokens: number | null;
            request_id: string | null;
            role: string;
            said: components["schemas"]["Said"] | null;
            size: number;
            text: string | null;
            unreadable: string | null;
        };
        /** MirrorView */
        MirrorView: {
            behind?: number | null;
            last_written_at?: number | null;
            /** @default 0 */
            mirrored: number;
            next_action?: string | null;
            problem?: string | null;
            problem_since?: number | null;
            /** @enum {string} */
            state: "off" | "wrong" | "connecting" | "catching up" | "following" | "away";
            where?: string | null;
        };
        /** MonthList */
        MonthList: {
            months: components["schemas"]["MonthView"][];
        };
        /** MonthView */
        MonthView: {
            bytes: number;
            events?: number | null;
            month: string;
            pruned_at?: number | null;
            pruned_by?: string | null;
            pruned_why?: string | null;
            requests?: number | null;
            root?: string | null;
            sealed_at?: number | null;
            /** @enum {string} */
            state: "live" | "sealed" | "pruned" | "lost";
        };
        /** NewConversation */
        NewConversation: {
            folder?: string | null;
            setup?: components["schemas"]["SetupWish"] | null;
            title?: string | null;
            /**
             * @default person
             * @enum {string}
             */
            titled_by: "person" | "first-line";
        };
        /** NewId */
        NewId: {
            id: string;
        };
        /** NewReply */
        NewReply: {
            /** @default false */
            goes_on: boolean;
            /** @default 12 */
            iterations: number;
            model: string;
            parameters?: {
                [key: string]: unknown;
            };
            /** @default  */
            system: string;
            to: string;
            /** @default 1000000 */
            tokens: number;
            /** @default [] */
            tools: string[];
        };
        /** NewResearch */
        NewResearch: {
            budget?: components["schemas"]["Budget"];
            /** @default true */
            clarify: boolean;
            model: string;
            /** @default [] */
            providers: string[];
            question: string;
        };
        /** NoteView */
        NoteView: {
            claim: string;
            end: number;
            note_id: string;
            quote: string;
            source: number;
            start: number;
            step_id: string;
        };
        /** Numbers */
        Numbers: {
            batched_tokens: number;
            context_length: number;
            /** @enum {string} */
            engine: "vllm" | "vllm-cpu" | "sglang" | "transformers";
            gpus: number;
            kv_request: number;
            kv_room: number | null;
            kv_token: number;
            memory_fraction: number | null;
            sequences: number;
            weights: number;
        };
        /** OfferThen */
        OfferThen: {
            data: {
                [key: string]: unknown;
            };
            id: string;
            saved_at: number;
            saved_by: string;
        };
        /** OfferView */
        OfferView: {
            kind: string;
            note: string;
            version: string;
        };
        /** OfferedModel */
        OfferedModel: {
            model: string;
            /** @default  */
            name: string;
            price?: components["schemas"]["Price"] | null;
            /** @default false */
            unlisted: boolean;
        };
        /** Part */
        Part: {
            items: number;
            /** @enum {string} */
            kind: "system" | "tools" | "attachments" | "questions" | "answers" | "results" | "draft" | "template";
            tokens: number;
        };
        /** Passage */
        Passage: {
            claim: string;
            end: number;
            note_id: string;
            quote: string;
            start: number;
        };
        /** PlanStep */
        PlanStep: {
            question: string;
            /** @default  */
            step_id: string;
        };
        /** PolicyWish */
        PolicyWish: {
            /** @enum {string} */
            policy: "ask" | "always" | "never";
            /** @default  */
            shown: string;
        };
        /** PresetList */
        PresetList: {
            presets: components["schemas"]["PresetView"][];
        };
        /** PresetThen */
        PresetThen: {
            preset_id: string;
            saved_at: number;
            saved_by: string;
        };
        /** PresetView */
        PresetView: {
            model: string;
            name: string;
            parameters: {
                [key: string]: unknown;
            };
            preset_id: string;
            saved_at: number;
            saved_by: string;
            system: string;
            tools: string[];
        };
        /** PresetWish */
        PresetWish: {
            /** @default  */
            model: string;
            /** @default  */
            name: string;
            parameters?: {
                [key: string]: unknown;
            };
            /** @default  */
            system: string;
            /** @default [] */
            tools: string[];
        };
        /** PreviewWish */
        PreviewWish: {
            against?: {
                [key: string]: unknown;
            } | null;
            recipe: {
                [key: string]: unknown;
            };
        };
        /** Price */
        Price: {
            cached_input_per_million?: number | null;
            /** @default 0 */
            input_per_million: number;
            /** @default 0 */
            output_per_million: number;
        };
        /** Probe */
        Probe: {
            /** @default  */
            code: string;
            /** @default 0 */
            found: number;
            /** @default  */
            next_action: string;
            /** @default  */
            problem: string;
            /** @default 0 */
            took_ms: number;
            works: boolean;
        };
        /** ProbeWish */
        ProbeWish: {
            /** @default  */
            key: string;
        };
        /** Problem */
        Problem: {
            field: string;
            message: string;
            /**
             * @default error
             * @enum {string}
             */
            severity: "error" | "warning";
        };
        /** ProblemView */
        ProblemView: {
            code: string;
            next_action: string;
            position?: number | null;
            sentence: string;
        };
        /** Progress */
        Progress: {
            done: number;
            lines: number;
            log: string;
            /** @constant */
            type: "progress";
        };
        /** PromptArgument */
        PromptArgument: {
            /** @default  */
            description: string;
            name: string;
            /** @default false */
            required: boolean;
        };
        /** PromptView */
        PromptView: {
            /** @default [] */
            arguments: components["schemas"]["PromptArgument"][];
            /** @default  */
            description: string;
            name: string;
            /** @default  */
            title: string;
        };
        /** PromptWish */
        PromptWish: {
            arguments?: {
                [key: string]: string;
            };
            prompt: string;
        };
        /** ProviderChange */
        ProviderChange: {
            argument?: string;
            enabled?: boolean;
            folder?: string;
            key?: string;
            kind?: "searxng" | "brave" | "tavily" | "duckduckgo" | "wikipedia" | "folder" | "mcp";
            language?: string;
            name: string;
            tool?: string;
            url?: string;
        };
        /** ProviderList */
        ProviderList: {
            kinds: string[];
            providers: components["schemas"]["ProviderView"][];
        };
        /** ProviderView */
        ProviderView: {
            api_base: string | null;
            has_key: boolean;
            id: string;
            kind: string;
            models: components["schemas"]["OfferedModel"][];
            names: string[];
            /** @default [] */
            problems: components["schemas"]["Problem"][];
        };
        /** ProviderWish */
        ProviderWish: {
            api_base?: string | null;
            api_key?: string | null;
            id: string;
            kind: string;
            models: components["schemas"]["OfferedModel"][];
        };
        /** PruneWish */
        PruneWish: {
            /** @default false */
            aside: boolean;
            before: string;
            /** @default owner */
            reason: string;
        };
        /** Pruned */
        Pruned: {
            /** @default [] */
            aside_erased: string[];
            /** @default [] */
            aside_left: string[];
            months: components["schemas"]["MonthView"][];
        };
        /** PrunedMonth */
        PrunedMonth: {
            month: string;
            pruned_at: number;
            pruned_by: string;
            pruned_why: string;
            requests: number;
        };
        /** QuitWish */
        QuitWish: {
            /** @default false */
            leave_engines: boolean;
        };
        /** Ready */
        Ready: {
            checks: {
                [key: string]: string;
            };
            ready: boolean;
        };
        /** Recipe */
        Recipe: {
            /** @default [] */
            aliases: string[];
            /** @default false */
            cache: boolean;
            /** @default false */
            cache_shared: boolean;
            /** @default 3600 */
            cache_ttl_s: number;
            chat_template?: string | null;
            chunked_prefill?: boolean | null;
            /** @default [] */
            command: string[];
            concurrency?: number | null;
            context_length?: number | null;
            cpu_offload_gib?: number | null;
            data_parallel?: number | null;
            /** @default [] */
            devices: (number | string)[];
            dtype?: string | null;
            /** @default false */
            enforce_eager: boolean;
            /**
             * @default vllm
             * @enum {string}
             */
            engine: "vllm" | "sglang" | "transformers" | "command";
            env?: {
                [key: string]: string;
            };
            /** @default false */
            expert_parallel: boolean;
            /** @default [] */
            extra_args: string[];
            /** @default [] */
            fallbacks: string[];
            generation_config?: string | null;
            /** @default /health */
            health_path: string;
            id: string;
            kv_cache_dtype?: string | null;
            kv_cache_gib?: number | null;
            /** @enum {null|string} */
            lane?: "gateway" | "direct" | null;
            load_format?: string | null;
            /** @default 900 */
            load_timeout_s: number;
            /** @default [] */
            loras: components["schemas"]["Lora"][];
            max_batched_tokens?: number | null;
            max_sequences?: number | null;
            memory_fraction?: number | null;
            /** @default  */
            model: string;
            /** @default  */
            name: string;
            node_address?: string | null;
            /** @enum {null|string} */
            node_backend?: "ray" | "engine" | null;
            nodes?: number | null;
            /** @default  */
            notes: string;
            /** @default false */
            pinned: boolean;
            pipeline_parallel?: number | null;
            prefix_caching?: boolean | null;
            /** @default false */
            preload: boolean;
            presets?: {
                [key: string]: {
                    [key: string]: unknown;
                };
            };
            price?: components["schemas"]["Price"] | null;
            /** @default 0 */
            priority: number;
            quantization?: string | null;
            reasoning_parser?: string | null;
            revision?: string | null;
            runtime?: string | null;
            seed?: number | null;
            served_name?: string | null;
            set_params?: {
                [key: string]: unknown;
            };
            /** @default false */
            single_flight: boolean;
            /**
             * @default off
             * @enum {string}
             */
            sleep: "off" | "auto" | "1" | "2";
            /** @default 3600 */
            sleeper_ttl_s: number;
            speculative?: components["schemas"]["Speculative"] | null;
            /** @default 10 */
            stop_grace_s: number;
            /** @default [] */
            strip_params: string[];
            swap_space_gib?: number | null;
            tensor_parallel?: number | null;
            tokenizer?: string | null;
            tool_call_parser?: string | null;
            /** @default false */
            trust_remote_code: boolean;
            ttl_s?: number | null;
            /** @default false */
            unlisted: boolean;
            use_model_name?: string | null;
        };
        /** RecipeList */
        RecipeList: {
            recipes: components["schemas"]["RecipeWithHistory"][];
        };
        /** RecipeView */
        RecipeView: {
            aliases: string[];
            /** @default false */
            blocked: boolean;
            blocked_until?: number | null;
            /** @default false */
            can_sleep: boolean;
            /** @default false */
            changed: boolean;
            engine: string;
            engine_id?: string | null;
            error?: string | null;
            eta_s?: number | null;
            expected_s?: number | null;
            id: string;
            last_load_s?: number | null;
            /** @default false */
            late: boolean;
            model: string;
            name: string;
            /** @default  */
            next_action: string;
            percent?: number | null;
            /** @default  */
            phase: string;
            /** @default false */
            pinned: boolean;
            /** @default 0 */
            priority: number;
            public_name: string;
            /** @default 0 */
            requests_today: number;
            /** @enum {string} */
            state: "starting" | "loading" | "ready" | "stopping" | "stopped" | "failed" | "asleep" | "left-alone";
        };
        /** RecipeWithHistory */
        RecipeWithHistory: {
            archived: boolean;
            recipe: components["schemas"]["Recipe"];
            revision: number;
            updated_at: number;
            updated_by: string;
        };
        /** Remedy */
        Remedy: {
            allowed: number;
            needs: number;
            patch: {
                [key: string]: unknown;
            };
            sentence: string;
        };
        /** Replacement */
        Replacement: {
            follows?: string | null;
            former: components["schemas"]["Former"][];
            log: string;
            log_id: string;
            replaced_at: number;
            root: string;
            size: number;
            why?: string | null;
        };
        /** Replacements */
        Replacements: {
            replaced: components["schemas"]["Replacement"][];
        };
        /** Replies */
        Replies: {
            replies: components["schemas"]["ReplyView"][];
        };
        /** ReplyView */
        ReplyView: {
            /** @default [] */
            calls: components["schemas"]["CallRow"][];
            conversation_id: string;
            events: number;
            message_id: string;
            model: string;
            parent_id: string;
            reasoning: string;
            reply_id: string;
            request_id: string;
            since: number;
            text: string;
        };
        /** Report */
        Report: {
            logs: components["schemas"]["LogReport"][];
            seconds: number;
        };
        /** RequestBodies */
        RequestBodies: {
            answer: components["schemas"]["BodyView"];
            captured_at: number;
            key_id: string | null;
            model: string;
            outcome: string;
            path: string;
            request: components["schemas"]["BodyView"];
            request_id: string;
            status: number;
        };
        /** RequestEntry */
        RequestEntry: {
            actor: string;
            cache: string;
            cached_tokens: number | null;
            completion_tokens: number | null;
            cost: number | null;
            counted: string;
            duration_ms: number;
            energy_cost: number | null;
            energy_j: number | null;
            engine_id: string | null;
            error_code: string | null;
            fell_back_from: string | null;
            finished_at: number;
            itl_ms: number | null;
            key_id: string | null;
            key_name: string | null;
            lane: string;
            load_ms: number;
            model: string;
            outcome: string;
            path: string;
            prompt_tokens: number | null;
            reasoning_tokens: number | null;
            recipe_id: string | null;
            request_id: string;
            status: number;
            stream: boolean;
            ttft_ms: number | null;
            wait_ms: number;
        };
        /** RequestList */
        RequestList: {
            next?: string | null;
            /** @default [] */
            pruned: components["schemas"]["PrunedMonth"][];
            requests: components["schemas"]["RequestEntry"][];
            /** @default [] */
            unreadable: string[];
        };
        /** ResearchClaim */
        ResearchClaim: {
            notes: string[];
            sources: number[];
            step_id: string;
            supported: boolean | null;
            text: string;
        };
        /** ResearchLine */
        ResearchLine: {
            last_at: number;
            model: string;
            notes: number;
            problem: string;
            question: string | null;
            research_id: string;
            sources: number;
            /** @enum {string} */
            standing: "open" | "erased" | "lost";
            started_at: number;
            started_by: string;
            /** @enum {string} */
            state: "clarifying" | "planning" | "planned" | "searching" | "reading" | "checking" | "writing" | "paused" | "done" | "failed" | "stopped";
        };
        /** ResearchList */
        ResearchList: {
            runs: components["schemas"]["ResearchLine"][];
        };
        /** ResearchThen */
        ResearchThen: {
            erased: boolean;
            last_at: number;
            model: string;
            notes: number;
            research_id: string;
            sources: number;
            started_at: number;
            started_by: string;
            state: string;
        };
        /** ResearchView */
        ResearchView: {
            answer: string | null;
            budget: components["schemas"]["Budget"];
            claims: components["schemas"]["ResearchClaim"][];
            clarify: boolean;
            contradictions: components["schemas"]["Contradiction"][];
            doing: components["schemas"]["Doing"][];
            dropped: number;
            model: string;
            next_action: string;
            notes: components["schemas"]["NoteView"][];
            plan: components["schemas"]["StepView"][];
            position: number;
            problem: string;
            providers: string[];
            question: string;
            questions: string[];
            report: string;
            research_id: string;
            sources: components["schemas"]["SourceView"][];
            spent: components["schemas"]["Spent"];
            started_at: number;
            /** @enum {string} */
            state: "clarifying" | "planning" | "planned" | "searching" | "reading" | "checking" | "writing" | "paused" | "done" | "failed" | "stopped";
            /** @default [] */
            unreached: components["schemas"]["Unreached"][];
        };
        /** ResourceView */
        ResourceView: {
            /** @default  */
            description: string;
            /** @default  */
            mime: string;
            name: string;
            size?: number | null;
            /** @default false */
            template: boolean;
            /** @default  */
            title: string;
            uri: string;
        };
        /** ResourceWish */
        ResourceWish: {
            uri: string;
        };
        /** ResumeWish */
        ResumeWish: {
            /** @default  */
            model: string;
        };
        /** Revision */
        Revision: {
            actor: string;
            /** @enum {string} */
            how: "created" | "revised" | "cloned" | "imported" | "archived" | "restored";
            key_name: string | null;
            position: number;
            recipe: {
                [key: string]: unknown;
            };
            recorded_at: number;
            revision: number;
            same_as: number | null;
            source: string;
        };
        /** RevisionList */
        RevisionList: {
            revisions: components["schemas"]["Revision"][];
        };
        /** Room */
        Room: {
            answer: number;
            context: number | null;
            context_told: boolean;
            free: number | null;
            /** @default [] */
            help: string[];
            /** @enum {string} */
            how: "counted" | "from-earlier" | "guessed";
            model: string;
            over: number;
            parts: components["schemas"]["Part"][];
            used: number;
        };
        /** RoomWish */
        RoomWish: {
            /** @default 0 */
            attached: number;
            /** @default  */
            conversation_id: string;
            /** @default  */
            draft: string;
            model: string;
            parameters?: {
                [key: string]: unknown;
            };
            /** @default  */
            system: string;
            /** @default  */
            to: string;
            /** @default [] */
            tools: string[];
        };
        /** RunningList */
        RunningList: {
            requests: components["schemas"]["RunningRequest"][];
        };
        /** RunningRequest */
        RunningRequest: {
            actor: string;
            key_id: string | null;
            lane: string;
            model: string;
            path: string;
            recipe_id: string | null;
            request_id: string;
            since: number;
            /** @enum {string} */
            state: "reading" | "waiting" | "running" | "idle";
            stream: boolean;
        };
        /** RuntimeList */
        RuntimeList: {
            available: components["schemas"]["OfferView"][];
            runtimes: components["schemas"]["RuntimeView"][];
        };
        /** RuntimeRow */
        RuntimeRow: {
            bytes_on_disk: number | null;
            error: string | null;
            kind: string;
            next_action: string;
            percent: number | null;
            phase: string;
            runtime_id: string;
            seconds: number | null;
            since: number;
            state: string;
            version: string;
        };
        /** RuntimeView */
        RuntimeView: {
            bytes_on_disk?: number | null;
            error?: string | null;
            id: string;
            kind: string;
            /** @default  */
            next_action: string;
            percent?: number | null;
            /** @default  */
            phase: string;
            state: string;
            version: string;
        };
        /** Said */
        Said: {
            /** @default  */
            answers: string;
            /** @default [] */
            attachments: components["schemas"]["Attachment"][];
            cost?: number | null;
            duration_ms?: number | null;
            /** @default  */
            failure: string;
            /** @default  */
            finish: string;
            first_token_ms?: number | null;
            /** @default  */
            lane: string;
            /** @default [] */
            missing: string[];
            /** @default  */
            next_action: string;
            /** @default  */
            reasoning: string;
            /** @default  */
            text: string;
            thought_ms?: number | null;
            tool?: components["schemas"]["ToolOutcome"] | null;
            /** @default [] */
            tool_calls: components["schemas"]["ToolCall"][];
        };
        /** SaidMessage */
        SaidMessage: {
            after?: string | null;
            /** @default [] */
            attachments: string[];
            /** @default user */
            role: string;
            text: string;
        };
        /** SavedRecipe */
        SavedRecipe: {
            archived: boolean;
            created_at: number;
            recipe: {
                [key: string]: unknown;
            };
            recipe_id: string;
            revision: number;
            updated_at: number;
            updated_by: string;
        };
        /** SealWish */
        SealWish: {
            month?: string | null;
        };
        /** SearchProviderList */
        SearchProviderList: {
            private_hosts: string[];
            providers: components["schemas"]["SearchProviderView"][];
        };
        /** SearchProviderThen */
        SearchProviderThen: {
            data: {
                [key: string]: unknown;
            };
            name: string;
            saved_at: number;
            saved_by: string;
        };
        /** SearchProviderView */
        SearchProviderView: {
            argument: string;
            code: string;
            enabled: boolean;
            folder: string;
            has_key: boolean;
            /** @enum {string} */
            kind: "searxng" | "brave" | "tavily" | "duckduckgo" | "wikipedia" | "folder" | "mcp";
            language: string;
            name: string;
            needs: ("url" | "key" | "folder" | "tool")[];
            next_action: string;
            problem: string;
            ready: boolean;
            saved: boolean;
            tool: string;
            url: string;
        };
        /** SearchView */
        SearchView: {
            hits: number;
            next_action: string;
            problem: string;
            provider: string;
            query: string;
        };
        /** Segment */
        Segment: {
            bytes: number;
            /** @enum {string} */
            kind: "weights" | "kv_cache" | "activations" | "graphs" | "overhead" | "offload" | "swap";
            least: number;
        };
        /** ServerThen */
        ServerThen: {
            args: string[];
            code: string;
            command: string;
            cwd: string;
            enabled: boolean;
            env: string[];
            headers: string[];
            name: string;
            pid: number | null;
            policies: {
                [key: string]: string;
            };
            reason: string;
            saved_at: number;
            saved_by: string;
            since: number;
            state: string;
            timeout_s: number;
            tools: number | null;
            transport: string;
            url: string;
            version: string;
        };
        /** Service */
        Service: {
            name: string;
            pid: number | null;
            reason: string;
            routes: string[];
            since: number;
            state: string;
            version: string;
        };
        /** Setting */
        Setting: {
            /** @default [] */
            choices: string[];
            default: unknown;
            environment: string;
            help: string;
            key: string;
            maximum?: number | null;
            minimum?: number | null;
            /** @default false */
            needs_restart: boolean;
            /** @default false */
            optional: boolean;
            /** @default false */
            secret: boolean;
            /** @enum {string} */
            type: "text" | "whole number" | "number" | "yes or no" | "list of text";
            /** @default  */
            unit: string;
        };
        /** SettingsView */
        SettingsView: {
            described: components["schemas"]["Setting"][];
            from: {
                [key: string]: "default" | "file" | "environment" | "log";
            };
            settings: {
                [key: string]: unknown;
            };
            /** @default [] */
            takes_effect_after_restart: string[];
        };
        /** Setup */
        Setup: {
            /** @default  */
            model: string;
            parameters?: {
                [key: string]: unknown;
            };
            /** @default  */
            preset: string;
            /** @default  */
            system: string;
            /** @default [] */
            tools: string[];
        };
        /** SetupWish */
        SetupWish: {
            /** @default  */
            model: string;
            parameters?: {
                [key: string]: unknown;
            };
            /** @default  */
            preset: string;
            /** @default  */
            system: string;
            /** @default [] */
            tools: string[];
        };
        /** SignInAddress */
        SignInAddress: {
            expires_at: number;
            url: string;
        };
        /** SignedFor */
        SignedFor: {
            at: number;
            note: string;
            position: number;
            root: string;
            size: number;
        };
        /** Slice */
        Slice: {
            memory_total: number;
            memory_used: number;
            uuid: string;
        };
        /** SourceText */
        SourceText: {
            passages: components["schemas"]["Passage"][];
            source: components["schemas"]["SourceView"];
            text: string;
        };
        /** SourceView */
        SourceView: {
            author: string;
            cited: boolean;
            date: string;
            fetched_at: number;
            n: number;
            next_action: string;
            notes: number;
            problem: string;
            provider: string;
            site: string;
            size: number;
            /** @enum {string} */
            state: "found" | "reading" | "read" | "refused" | "failed";
            title: string;
            truncated: boolean;
            url: string;
        };
        /** Speculative */
        Speculative: {
            method: string;
            model?: string | null;
            /** @default 5 */
            tokens: number;
        };
        /** Spent */
        Spent: {
            minutes: number;
            over: string[];
            sources: number;
            tokens: number;
        };
        /** StandingApproval */
        StandingApproval: {
            approval_id: string;
            approved_at: number;
            approved_by: string;
            arguments?: {
                [key: string]: unknown;
            } | null;
            arguments_hash: string;
            server: string;
            tool: string;
            valid: boolean;
        };
        /** StateAt */
        StateAt: {
            approvals: components["schemas"]["ApprovalThen"][];
            archived: components["schemas"]["SavedRecipe"][];
            changes: components["schemas"]["ChangeUnderWay"][];
            ended: components["schemas"]["EngineRun"][];
            engines: components["schemas"]["EngineRun"][];
            failed_starts: components["schemas"]["FailedStarts"][];
            head: number;
            keys: components["schemas"]["KeyThen"][];
            load_s: {
                [key: string]: number;
            };
            mcp_servers: components["schemas"]["ServerThen"][];
            position: number;
            presets: components["schemas"]["PresetThen"][];
            private_hosts: string[];
            providers: components["schemas"]["OfferThen"][];
            ready: string[];
            recipes: components["schemas"]["SavedRecipe"][];
            recorded_at: number | null;
            research: components["schemas"]["ResearchThen"][];
            runtimes: components["schemas"]["RuntimeRow"][];
            search_providers: components["schemas"]["SearchProviderThen"][];
            services: {
                [key: string]: components["schemas"]["Service"];
            };
            settings: {
                [key: string]: unknown;
            };
            unknown: components["schemas"]["UnknownKind"][];
            usage: components["schemas"]["UsageThen"] | null;
            virtual_models: components["schemas"]["OfferThen"][];
        };
        /** StateDiff */
        StateDiff: {
            differences: components["schemas"]["Difference"][];
            from_position: number;
            from_recorded_at: number | null;
            to_position: number;
            to_recorded_at: number | null;
        };
        /** Status */
        Status: {
            active: string | null;
            alarm?: string | null;
            endpoint: string;
            engines: components["schemas"]["EngineView"][];
            failed?: string | null;
            gateway: components["schemas"]["GatewayView"];
            headline: string;
            held_back?: components["schemas"]["HeldBackView"] | null;
            /** @default 0 */
            in_flight: number;
            /** @default auto */
            language: string;
            /** @default [] */
            notices: string[];
            position: number;
            problem?: components["schemas"]["ProblemView"] | null;
            recipes: components["schemas"]["RecipeView"][];
            /** @enum {string} */
            state: "idle" | "ready" | "switching" | "failed";
            switch: components["schemas"]["SwitchView"] | null;
            /** @default [] */
            switches: components["schemas"]["SwitchView"][];
            version: string;
            /** @default [] */
            waiting: components["schemas"]["WaitingView"][];
        };
        /** StepView */
        StepView: {
            notes: number;
            queries: string[];
            question: string;
            round: number;
            searches: components["schemas"]["SearchView"][];
            sources: number[];
            /** @enum {string} */
            state: "waiting" | "searching" | "reading" | "noted" | "writing" | "written";
            step_id: string;
        };
        /** SwitchView */
        SwitchView: {
            actor: string;
            /** @default [] */
            evict: string[];
            /** @default 0 */
            in_flight: number;
            kind: string;
            since: number;
            step: string;
            switch_id: string;
            target: string | null;
        };
        /** Timeline */
        Timeline: {
            entries: components["schemas"]["TimelineEntry"][];
            head: number;
            newer?: number | null;
            older?: number | null;
            reached_at?: number | null;
        };
        /** TimelineEntry */
        TimelineEntry: {
            actor: string;
            causation_id: string | null;
            correlation_id: string | null;
            data: {
                [key: string]: unknown;
            };
            /** @default true */
            known: boolean;
            position: number;
            recorded_at: number;
            sentence: string;
            stream: string;
            type: string;
        };
        /** ToolCall */
        ToolCall: {
            arguments: string;
            id: string;
            name: string;
        };
        /** ToolOutcome */
        ToolOutcome: {
            /** @default  */
            approved: string;
            /** @default 0 */
            duration_ms: number;
            /** @default done */
            outcome: string;
            /** @default  */
            server: string;
            /** @default  */
            tool: string;
            /** @default 0 */
            truncated: number;
        };
        /** ToolView */
        ToolView: {
            /** @default 0 */
            calls: number;
            /** @default false */
            changed: boolean;
            description: string;
            destructive?: boolean | null;
            last_at?: number | null;
            name: string;
            parameters: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            policy: "ask" | "always" | "never";
            read_only?: boolean | null;
            /** @default  */
            shown: string;
            title: string;
            tool: string;
        };
        /** Tree */
        Tree: {
            checkpoint?: string | null;
            root: string;
            size: number;
        };
        /** UnknownKind */
        UnknownKind: {
            events: number;
            schema: number;
            type: string;
        };
        /** Unreached */
        Unreached: {
            code: string;
            name: string;
            /** @default  */
            next_action: string;
            problem: string;
        };
        /** UnsentText */
        UnsentText: {
            /** @default  */
            conversation_id: string;
            text: string;
        };
        /** UnsentTexts */
        UnsentTexts: {
            unsent: {
                [key: string]: string;
            };
        };
        /** UsageEntry */
        UsageEntry: {
            cached_tokens: number;
            completion_tokens: number;
            cost: number | null;
            costed: number;
            duration: components["schemas"]["Latency"];
            energy_cost: number | null;
            energy_j: number | null;
            group: {
                [key: string]: string | number;
            };
            itl: components["schemas"]["Latency"];
            key_name?: string | null;
            load_ms: number;
            metered: number;
            prompt_tokens: number;
            reasoning_tokens: number;
            requests: number;
            saved_tokens: number;
            ttft: components["schemas"]["Latency"];
            uncounted: number;
            wait_ms: number;
        };
        /** UsageReport */
        UsageReport: {
            by: string[];
            currency: string;
            /** @default [] */
            pruned: components["schemas"]["PrunedMonth"][];
            rows: components["schemas"]["UsageEntry"][];
            since: number | null;
            total: components["schemas"]["UsageEntry"];
            tz: number;
            /** @default [] */
            unreadable: string[];
            until: number | null;
        };
        /** UsageThen */
        UsageThen: {
            models: components["schemas"]["UsageEntry"][];
            month: string;
            total: components["schemas"]["UsageEntry"];
            /** @default [] */
            unreadable: string[];
            until: number;
        };
        /** VerificationView */
        VerificationView: {
            holds?: boolean | null;
            problem?: string | null;
            progress?: components["schemas"]["Progress"] | null;
            report?: components["schemas"]["Report"] | null;
            started_at?: number | null;
            /** @enum {string} */
            state: "never" | "running" | "done" | "failed";
        };
        /** Verified */
        Verified: {
            at: number;
            first_bad?: number | null;
            holds: boolean;
            log: string;
            position: number;
            reason?: string | null;
            root?: string | null;
            size?: number | null;
        };
        /** VerifyWish */
        VerifyWish: {
            /** @default false */
            deep: boolean;
            notes?: string[];
        };
        /** VirtualList */
        VirtualList: {
            virtual_models: components["schemas"]["VirtualView"][];
        };
        /** VirtualModel */
        VirtualModel: {
            /** @default [] */
            fallbacks: string[];
            members: string[];
            name: string;
            parameters?: {
                [key: string]: unknown;
            };
            places?: number | null;
            /**
             * @default first-resident
             * @enum {string}
             */
            policy: "first-resident" | "spill";
            /** @default false */
            unlisted: boolean;
        };
        /** VirtualView */
        VirtualView: {
            model: components["schemas"]["VirtualModel"];
            now: string[];
            /** @default [] */
            problems: components["schemas"]["Problem"][];
        };
        /** WaitingView */
        WaitingView: {
            /** @default  */
            because: string;
            oldest_since: number;
            recipe_id: string;
            requests: number;
        };
        /** Why */
        Why: {
            answer: string;
            position: number;
            request: components["schemas"]["RequestEntry"] | null;
            request_id: string | null;
            running: components["schemas"]["RunningRequest"] | null;
            thread: components["schemas"]["TimelineEntry"][];
        };
        /** Imported */
        api_recipe_files_Imported: {
            imported: string[];
        };
        /** Imported */
        mcp_desk_Imported: {
            args: string[];
            command: string;
            cwd: string;
            enabled: boolean;
            env: string[];
            headers: string[];
            /** @default  */
            message: string;
            name: string;
            /** @default  */
            next_action: string;
            outcome: string;
            transport: string;
            url: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
