use super::*;
use crate::{
    GracePeriod,
    sample::{GivenContainer, container, deployment},
};
use plimsoll_policy::Policy;

/// `45s DOTNET_SHUTDOWNTIMEOUTSECONDS`, or `? why`.
fn outline(app: GivenContainer, annotations: &[(&str, &str)], settings: &GracePeriod) -> String {
    let mut given = deployment(30).with(app);
    for (annotation, value) in annotations {
        given = given.annotate(annotation, value);
    }
    let workload = given.build();
    let contract = Contract::of(&workload);
    let (container, runs_to_completion) = (&workload.pod.containers[0], workload.runs_to_completion());
    let line = CommandLine::of(container);
    let subject =
        Subject { container, line: &line, runs_to_completion, is_command_read: true, custom: &settings.detectors };
    match subject.shutdown(&contract) {
        Shutdown::Known(Known { length, source, .. }) => format!("{length} {source}"),
        Shutdown::Unknown(Unknown { obstacle: Some(obstacle), .. }) => format!("? {}", obstacle.why),
        Shutdown::Unknown(_) => "?".to_owned(),
    }
}

fn plain(app: GivenContainer) -> String {
    outline(app, &[], &GracePeriod::default())
}

#[test]
fn each_source_wins_over_those_after_it() {
    let pod = ("plimsoll.dev/shutdown-timeout", "14s");
    let own = ("shutdown-timeout.plimsoll.dev/app", "13s");
    let app = || container("app").image("plimsoll-worker:1.0.0");
    let generic = || app().env("SHUTDOWN_TIMEOUT", "16s");
    let variable = || generic().env("WORKER_SHUTDOWN_TIMEOUT", "12s");
    let flag = || variable().args(&["run", "--shutdown-timeout", "11s"]);
    let settings = GracePeriod::default();
    for (app, annotations, expected) in [
        (flag(), &[pod, own][..], "11s --shutdown-timeout"),
        (variable(), &[pod, own], "12s WORKER_SHUTDOWN_TIMEOUT"),
        (generic(), &[pod, own], "13s shutdown-timeout.plimsoll.dev/app"),
        (generic(), &[pod], "14s plimsoll.dev/shutdown-timeout"),
        (generic(), &[], "16s SHUTDOWN_TIMEOUT"),
        (app(), &[], "15s default of plimsoll-worker, inferred"),
        (container("app"), &[], "?"),
    ] {
        assert_eq!(outline(app, annotations, &settings), expected);
    }
}

#[test]
fn frameworks_are_understood() {
    let app = || container("app");
    for (app, expected) in [
        (app().image("mcr.microsoft.com/dotnet/aspnet:8.0"), "30s default of .NET, inferred"),
        (app().image("mcr.microsoft.com/dotnet/aspnet:5.0"), "5s default of .NET Core, inferred"),
        (app().image("mcr.microsoft.com/dotnet/core/aspnet:3.1"), "5s default of .NET Core, inferred"),
        (app().command(&["dotnet", "app.dll"]), "30s default of .NET, inferred"),
        (app().env("ASPNETCORE_URLS", "http://+:8080"), "30s default of .NET, inferred"),
        (app().env("DOTNET_shutdownTimeoutSeconds", "45"), "45s DOTNET_shutdownTimeoutSeconds"),
        (
            app().env("DOTNET_SHUTDOWNTIMEOUTSECONDS", "10").env("ASPNETCORE_SHUTDOWNTIMEOUTSECONDS", "45"),
            "45s ASPNETCORE_SHUTDOWNTIMEOUTSECONDS",
        ),
        (
            app().env("DOTNET_SHUTDOWNTIMEOUTSECONDS", "45s"),
            "? `DOTNET_SHUTDOWNTIMEOUTSECONDS` is `45s`, which .NET does not read as a time",
        ),
        (app().env("HostOptions__ShutdownTimeout", "00:01:30"), "90s HostOptions__ShutdownTimeout"),
        (app().env("DOTNET_HOSTOPTIONS__SHUTDOWNTIMEOUT", "00:00:45"), "45s DOTNET_HOSTOPTIONS__SHUTDOWNTIMEOUT"),
        (
            app().env("SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE", "20000"),
            "20s SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE",
        ),
        (app().env("SPRING_PROFILES_ACTIVE", "prod"), "?"),
        (app().env("SPRING_PROFILES_ACTIVE", "prod").env("SERVER_SHUTDOWN", "immediate"), "?"),
        (app().env("SERVER_SHUTDOWN", "graceful"), "30s default of Spring Boot, inferred"),
        (
            app().command(&["java", "-jar", "a.jar", "--spring.lifecycle.timeout-per-shutdown-phase=1m"]),
            "60s --spring.lifecycle.timeout-per-shutdown-phase",
        ),
        (
            app().env("JAVA_TOOL_OPTIONS", "-Xmx1g -Dspring.lifecycle.timeout-per-shutdown-phase=40s"),
            "40s -Dspring.lifecycle.timeout-per-shutdown-phase",
        ),
        (app().env("QUARKUS_HTTP_PORT", "80"), "0s default of Quarkus, inferred"),
        (
            app().env_from_elsewhere("JAVA_TOOL_OPTIONS").env("QUARKUS_HTTP_PORT", "80"),
            "? `JAVA_TOOL_OPTIONS` comes from `valueFrom`, which may set it",
        ),
        (
            app().env("MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_GRACE_PERIOD", "PT20S"),
            "20s MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_GRACE_PERIOD",
        ),
        (app().env("MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_ENABLED", "true"), "15s default of Micronaut, inferred"),
        (app().env("MICRONAUT_ENVIRONMENTS", "k8s"), "?"),
        (app().env("JAVA_TOOL_OPTIONS", "-Xmx1g"), "?"),
        (app().env("QUARKUS_SHUTDOWN_TIMEOUT", "40"), "40s QUARKUS_SHUTDOWN_TIMEOUT"),
        (app().command(&["bundle", "exec", "sidekiq"]), "25s default of Sidekiq, inferred"),
        (app().command(&["bundle", "exec", "sidekiq", "-t", "40"]), "40s -t"),
        (app().args(&["sidekiq", "-t40"]), "40s -t"),
        (app().args(&["sidekiq", "--timeout=40", "-c", "5"]), "40s --timeout"),
        (app().args(&["sidekiq", "-C", "config/sidekiq.yml"]), "? `-C` names a configuration, which may set it"),
        (app().args(&["sidekiq", "-C", "config/sidekiq.yml", "-t", "9"]), "9s -t"),
        (app().args(&["timeout", "9", "sidekiq"]), "25s default of Sidekiq, inferred"),
        (app().command(&["gunicorn", "app:app"]), "30s default of gunicorn, inferred"),
        (app().command(&["python", "-m", "gunicorn", "--graceful-timeout=60", "a:a"]), "60s --graceful-timeout"),
        (app().command(&["gunicorn", "-c", "conf.py", "a:a"]), "? `-c` names a configuration, which may set it"),
        (
            app().command(&["gunicorn", "--config=conf.py", "a:a"]),
            "? `--config` names a configuration, which may set it",
        ),
        (
            app().command(&["gunicorn", "a:a"]).env("GUNICORN_CMD_ARGS", "--workers 2 -c conf.py"),
            "? `-c` names a configuration, which may set it",
        ),
        (app().command(&["gunicorn", "-c", "conf.py", "--graceful-timeout", "50", "a:a"]), "50s --graceful-timeout"),
        (app().command(&["gunicorn", "--graceful-timeout", "0", "a:a"]), "0s --graceful-timeout"),
        (
            app()
                .command(&["gunicorn", "--graceful-timeout=20", "a:a"])
                .env("GUNICORN_CMD_ARGS", "--graceful-timeout 120"),
            "20s --graceful-timeout",
        ),
        (app().env("GUNICORN_CMD_ARGS", "--workers=2 --graceful-timeout 50"), "50s --graceful-timeout"),
        (app().env_from_elsewhere("GUNICORN_CMD_ARGS"), "? `GUNICORN_CMD_ARGS` comes from `valueFrom`"),
        (
            app().command(&["sh", "-c", "migrate && exec gunicorn app:app --graceful-timeout 45 | tee x"]),
            "45s --graceful-timeout",
        ),
        (
            app().command(&["sh", "-c", "exec gunicorn app:app --graceful-timeout $TIMEOUT"]),
            "? `--graceful-timeout` is given a value that only the pod knows",
        ),
        (
            app().command(&["gunicorn", "app:app", "--graceful-timeout", "$(TIMEOUT)"]),
            "? `--graceful-timeout` is given a value that only the pod knows",
        ),
        (app().command(&["uvicorn", "app:app"]), "?"),
        (
            app().command(&["uvicorn", "app:app", "--timeout-graceful-shutdown", "20"]),
            "20s --timeout-graceful-shutdown",
        ),
        (app().env("UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", "20"), "20s UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN"),
        (app().command(&["celery", "-A", "app", "worker", "--time-limit=300"]), "300s --time-limit"),
        (app().command(&["celery", "-A", "app", "worker"]), "?"),
        (app().command(&["celery", "-A", "app", "beat", "--time-limit=300"]), "?"),
        (
            app().env("RESQUE_PRE_SHUTDOWN_TIMEOUT", "20").env("RESQUE_TERM_TIMEOUT", "8"),
            "28s RESQUE_PRE_SHUTDOWN_TIMEOUT + RESQUE_TERM_TIMEOUT",
        ),
        (app().env("RESQUE_PRE_SHUTDOWN_TIMEOUT", "20"), "24s RESQUE_PRE_SHUTDOWN_TIMEOUT"),
        (app().command(&["/manager"]).args(&["--leader-elect=true"]), "30s default of controller-runtime, inferred"),
        (app().command(&["/manager"]), "?"),
        (
            app().command(&["celery", "-A", "app", "worker", "--time-limit=300"]).env("REMAP_SIGTERM", "SIGQUIT"),
            "? `REMAP_SIGTERM` turns SIGTERM into a stop that does not wait for tasks",
        ),
        (
            app().env("RESQUE_TERM_TIMEOUT", "8").env("GRACEFUL_TERM", "1"),
            "? `GRACEFUL_TERM` lets a job run to its end, however long",
        ),
        (
            app()
                .command(&["java", "-jar", "a.jar"])
                .env("SERVER_SHUTDOWN", "graceful")
                .env("SPRING_CONFIG_LOCATION", "/c/"),
            "? `SPRING_CONFIG_LOCATION` names a configuration, which may set it",
        ),
        (
            app().env("SERVER_SHUTDOWN", "graceful").env("SPRING_APPLICATION_JSON", "{}"),
            "? `SPRING_APPLICATION_JSON` names a configuration, which may set it",
        ),
        (
            app()
                .env("SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE", "60s")
                .env("SPRING_APPLICATION_JSON", r#"{"spring.lifecycle.timeout-per-shutdown-phase":"5s"}"#),
            "? `SPRING_APPLICATION_JSON` wins over other variables",
        ),
        (
            app().command(&["java", "-Dserver.shutdown=graceful", "-jar", "a.jar"]).env("SPRING_X", "y"),
            "30s default of Spring Boot, inferred",
        ),
        (app().image("gcr.io/cloudsql-docker/gce-proxy:1.33.0").args(&["-term_timeout=20s"]), "20s -term_timeout"),
        (
            app().image("gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0").args(&["--max-sigterm-delay", "20s"]),
            "20s --max-sigterm-delay",
        ),
        (app().image("cloud-sql-proxy:2.14.0"), "0s default of Cloud SQL proxy 2, inferred"),
    ] {
        assert_eq!(plain(app), expected);
    }
}

#[test]
fn what_only_the_pod_knows_is_unknown_unless_it_is_declared() {
    let told_elsewhere = || container("app").env_from_elsewhere("DOTNET_SHUTDOWNTIMEOUTSECONDS");
    assert_eq!(plain(told_elsewhere()), "? `DOTNET_SHUTDOWNTIMEOUTSECONDS` comes from `valueFrom`");
    let declared = [("plimsoll.dev/shutdown-timeout", "40s")];
    let settings = GracePeriod::default();
    assert_eq!(outline(told_elsewhere(), &declared, &settings), "40s plimsoll.dev/shutdown-timeout");
    for value in ["30", "30000", "soon"] {
        let found = plain(container("app").env("GRACEFUL_SHUTDOWN_TIMEOUT", value));
        assert!(found.starts_with("? `GRACEFUL_SHUTDOWN_TIMEOUT`"), "{found}");
    }
    assert_eq!(plain(container("app").env("SHUTDOWN_TIMEOUT", "30000ms")), "30s SHUTDOWN_TIMEOUT");
    assert_eq!(plain(container("app").env("SHUTDOWN_TIMEOUT", "")), "?");
    let set_in_the_script = container("app").env("DOTNET_SHUTDOWNTIMEOUTSECONDS", "5").command(&[
        "sh",
        "-c",
        "DOTNET_SHUTDOWNTIMEOUTSECONDS=90 exec dotnet app.dll",
    ]);
    assert_eq!(plain(set_in_the_script), "? the command sets `DOTNET_SHUTDOWNTIMEOUTSECONDS` itself");
}

#[test]
fn only_the_program_that_runs_is_recognised() {
    let default = "30s default of gunicorn, inferred";
    for (command, expected) in [
        ("tail -F /var/log/gunicorn", "?"),
        ("/bin/exporter --type gunicorn", "?"),
        ("/bin/exporter --app sidekiq", "?"),
        ("celery-exporter --worker celery worker", "?"),
        ("node main.js --runtime dotnet", "?"),
        ("python -c 'import gunicorn'", "?"),
        ("pgrep gunicorn", "?"),
        ("/app/dotnet/Shop", "?"),
        ("supervisord -n", "?"),
        ("foreman start sidekiq", "?"),
        ("rake sidekiq:stop", "?"),
        ("celery -A proj beat --time-limit 300", "?"),
        ("celery -A proj flower", "?"),
        ("celery -A proj --app worker.celery beat --time-limit 300", "?"),
        ("celery --app worker beat --time-limit 300", "?"),
        ("celery -A proj worker --time-limit 300", "300s --time-limit"),
        ("dotnet ef database update", "?"),
        ("dotnet --info", "?"),
        ("dotnet test Shop.dll", "?"),
        ("dotnet-trace collect", "?"),
        ("dotnet Shop.dll", "30s default of .NET, inferred"),
        ("dotnet exec --runtimeconfig x.json Shop.dll", "30s default of .NET, inferred"),
        ("pip install gunicorn", "?"),
        ("gunicorn --check-config app:app", "?"),
        ("python -m gunicorn.app.wsgiapp app:app", default),
        ("python gunicorn.conf.py", "?"),
        ("exec -a gunicorn /app/web", "?"),
        ("sh -c 'ps aux | grep gunicorn'", "?"),
        ("wait-for-it db:5432 -- gunicorn app:app", default),
        ("tini -- newrelic-admin run-program /app/.venv/bin/gunicorn app:app", default),
        ("python -m gunicorn app:app", default),
        ("poetry run gunicorn app:app", default),
        ("env A=1 su-exec app gunicorn app:app", default),
        ("sh -c 'echo starting gunicorn; exec /app/web'", "?"),
        ("sh -c 'pip install gunicorn && exec python app.py'", "?"),
        ("sh -c 'cd /srv/sidekiq && exec ./run'", "?"),
        ("sh -c 'exec newrelic-admin run-program gunicorn app:app'", default),
        ("tini -- sh -c 'exec gunicorn app:app'", default),
        ("sh -c \"exec bash -c 'exec gunicorn app:app'\"", default),
        ("cmd /c dotnet Shop.dll", "30s default of .NET, inferred"),
    ] {
        assert_eq!(plain(running(command)), expected, "{command}");
    }
}

/// A container whose command is written as in a shell.
fn running(command: &str) -> GivenContainer {
    let items = plimsoll_policy::shell::parse(command).unwrap();
    let commands = plimsoll_policy::shell::simple_commands(&items);
    let words: Vec<&str> = commands[0].words.iter().map(|word| &*word.text).collect();
    container("app").command(&words)
}

#[test]
fn an_image_or_a_variable_tells_nothing_of_another_program() {
    let aspnet = || container("app").image("mcr.microsoft.com/dotnet/aspnet:8.0");
    let worker =
        |command: &[&str]| container("app").env("GUNICORN_CMD_ARGS", "--graceful-timeout 100").command(command);
    for (app, expected) in [
        (aspnet(), "30s default of .NET, inferred"),
        (aspnet().command(&["./Shop"]), "30s default of .NET, inferred"),
        (aspnet().command(&["/entrypoint.sh"]), "30s default of .NET, inferred"),
        (aspnet().command(&["sleep", "infinity"]), "?"),
        (aspnet().command(&["/usr/bin/tail", "-f", "/x"]), "?"),
        (aspnet().command(&["/tools/dotnet-monitor", "collect"]), "?"),
        (aspnet().command(&["sh", "-c", "sleep infinity"]), "?"),
        (container("app").image("mcr.microsoft.com/dotnet/framework/aspnet:4.8"), "?"),
        (worker(&[]), "100s --graceful-timeout"),
        (worker(&["/app/start.sh"]), "100s --graceful-timeout"),
        (worker(&["tail", "-f", "/x"]), "?"),
        (worker(&["/bin/exporter"]), "?"),
        (
            container("app").env("QUARKUS_SHUTDOWN_TIMEOUT", "40").command(&["java", "-jar", "a.jar"]),
            "40s QUARKUS_SHUTDOWN_TIMEOUT",
        ),
        (container("app").env("QUARKUS_SHUTDOWN_TIMEOUT", "40").command(&["nginx"]), "?"),
    ] {
        assert_eq!(plain(app), expected);
    }
    let job = deployment(30).with(aspnet()).job().build();
    let (contract, line) = (Contract::of(&job), CommandLine::of(&job.pod.containers[0]));
    let container = &job.pod.containers[0];
    let subject = Subject { container, line: &line, runs_to_completion: true, is_command_read: true, custom: &[] };
    assert!(subject.shutdown(&contract).known().is_none(), "a console program has no shutdown timeout");
}

#[test]
fn what_the_shell_does_to_a_variable_is_unknown() {
    let default = "30s default of gunicorn, inferred";
    let sets = "? the command sets `GUNICORN_CMD_ARGS` itself";
    for (script, expected) in [
        ("export GUNICORN_CMD_ARGS='--graceful-timeout 10'; exec gunicorn app:app", sets),
        ("GUNICORN_CMD_ARGS=x; export GUNICORN_CMD_ARGS; exec gunicorn app:app", sets),
        ("GUNICORN_CMD_ARGS='--graceful-timeout 10' exec gunicorn app:app", sets),
        ("declare -x GUNICORN_CMD_ARGS=x; exec gunicorn app:app", sets),
        ("set -a; GUNICORN_CMD_ARGS=x; exec gunicorn app:app", sets),
        ("exec env GUNICORN_CMD_ARGS='--graceful-timeout 10' gunicorn app:app", sets),
        ("if true; then export GUNICORN_CMD_ARGS=x; fi; exec gunicorn app:app", sets),
        // Not exported, or for another program.
        ("GUNICORN_CMD_ARGS=x; exec gunicorn app:app", default),
        ("GUNICORN_CMD_ARGS=x ./migrate; exec gunicorn app:app", default),
        ("export OTHER=x; exec gunicorn app:app", default),
        ("set -a; . /etc/env; exec gunicorn app:app", "? the command runs `. /etc/env`, which may set it"),
        ("source /vault/env && exec gunicorn app:app", "? the command runs `source /vault/env`, which may set it"),
        (
            "export $(cat .env | xargs); exec gunicorn app:app",
            "? the command runs `export $(cat .env | xargs)`, which may set it",
        ),
        ("exec doppler run -- gunicorn app:app", "? the command runs `doppler`, which may set it"),
        ("eval $(cat /env); exec gunicorn app:app", "? the command runs `eval $(cat /env)`, which may set it"),
        // A flag wins all the same.
        ("export GUNICORN_CMD_ARGS=x; . /env; exec gunicorn --graceful-timeout 50 app:app", "50s --graceful-timeout"),
    ] {
        assert_eq!(plain(container("app").command(&["sh", "-c", script])), expected, "{script}");
    }
    let argv = container("app").command(&["env", "GUNICORN_CMD_ARGS=--graceful-timeout 10", "gunicorn", "app:app"]);
    assert_eq!(plain(argv), sets);
    let exported_by_the_manifest = container("app").env("GUNICORN_CMD_ARGS", "--graceful-timeout 100").command(&[
        "sh",
        "-c",
        "GUNICORN_CMD_ARGS=x; exec gunicorn app:app",
    ]);
    assert_eq!(plain(exported_by_the_manifest), sets);
}

#[test]
fn values_are_read_through_the_variables_of_the_manifest() {
    let known = "100s --graceful-timeout";
    let unknown = "? `--graceful-timeout` is given a value that only the pod knows";
    let app = |script: &str| container("app").env("T", "100").env_from_elsewhere("S").command(&["sh", "-c", script]);
    for (script, expected) in [
        ("exec gunicorn --graceful-timeout $T a:a", known),
        ("exec gunicorn --graceful-timeout=\"${T}\" a:a", known),
        ("exec gunicorn --graceful-timeout $(T) a:a", known),
        ("T=5; exec gunicorn --graceful-timeout $T a:a", unknown),
        (". /env; exec gunicorn --graceful-timeout $T a:a", unknown),
        ("exec gunicorn --graceful-timeout $S a:a", unknown),
        ("exec gunicorn --graceful-timeout ${T:-5} a:a", unknown),
        ("exec gunicorn -w $WORKERS -b :$PORT a:a", "30s default of gunicorn, inferred"),
        ("ARGS=(--graceful-timeout $T); exec gunicorn \"${ARGS[@]}\" a:a", known),
        ("exec gunicorn a:a $OPTS", "? `$OPTS` may hold flags, which may set it"),
        (
            "ARGS=(--x); ARGS+=(--graceful-timeout 9); exec gunicorn \"${ARGS[@]}\" a:a",
            "? `${ARGS[@]}` may hold flags, which may set it",
        ),
    ] {
        assert_eq!(plain(app(script)), expected, "{script}");
    }
    let argv = container("app").env("T", "100").command(&["gunicorn", "--graceful-timeout=$(T)", "a:a"]);
    assert_eq!(plain(argv), known);
    let passed_on = &["sh", "-c", "exec \"$@\"", "--", "gunicorn", "--graceful-timeout", "100", "a:a"];
    assert_eq!(plain(container("app").command(passed_on)), known);
}

#[test]
fn branches_that_differ_are_inferred_at_their_longest() {
    for (script, expected) in [
        (
            "if a; then exec gunicorn --graceful-timeout 60 a; else exec gunicorn --graceful-timeout 60 b; fi",
            "60s --graceful-timeout",
        ),
        (
            "if a; then exec gunicorn --graceful-timeout 60 a; else exec sidekiq -t 9; fi",
            "60s --graceful-timeout, in one branch",
        ),
        (
            "if a; then exec dlv; else exec gunicorn --graceful-timeout 60 a; fi",
            "60s --graceful-timeout, in one branch",
        ),
        ("case $1 in w) exec sidekiq;; *) exec gunicorn a;; esac", "30s default of gunicorn, inferred, in one branch"),
        ("while ! nc -z db 5432; do sleep 1; done; exec gunicorn --graceful-timeout 60 a", "60s --graceful-timeout"),
        ("exec > >(tee l) 2>&1; exec gunicorn --graceful-timeout 60 a", "60s --graceful-timeout"),
        ("run() { exec gunicorn --graceful-timeout 60 a; }; run", "60s --graceful-timeout"),
        ("exec gunicorn 'a", "? the shell string cannot be read (a quote that is not closed)"),
    ] {
        assert_eq!(plain(container("app").command(&["bash", "-c", script])), expected, "{script}");
    }
}

#[test]
fn a_default_that_env_from_may_change_is_unknown() {
    let unknown = "? `envFrom` brings variables, which may set it";
    assert_eq!(plain(container("app").image("mcr.microsoft.com/dotnet/aspnet:8.0").env_from()), unknown);
    assert_eq!(plain(container("app").command(&["gunicorn", "a:a"]).env_from()), unknown);
    let told = container("app").command(&["gunicorn", "--graceful-timeout", "50", "a:a"]).env_from();
    assert_eq!(plain(told), "50s --graceful-timeout");
}

#[test]
fn settings_add_rows_that_are_asked_first() {
    let settings: GracePeriod = serde_json::from_str(
        r#"{ "detectors": [{ "name": "puma", "programs": ["puma"], "images": ["acme/*:2.*"], "flags": ["--drain"],
             "variables": ["DRAIN_MS"], "unit": "milliseconds", "default": "7s" }] }"#,
    )
    .unwrap();
    settings.validate().unwrap();
    let app = || container("app").image("acme/web:2.1.0");
    assert_eq!(outline(app(), &[], &settings), "7s default of puma, inferred");
    assert_eq!(outline(app().env("DRAIN_MS", "9000"), &[], &settings), "9s DRAIN_MS");
    assert_eq!(outline(app().command(&["puma", "--drain", "8000"]), &[], &settings), "8s --drain");
    assert_eq!(outline(container("app").image("acme/web:1.0.0"), &[], &settings), "?");
}
