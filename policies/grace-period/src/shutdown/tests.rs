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
    match find(&workload.pod.containers[0], &contract, &settings.detectors) {
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
        (app(), &[], "15s default of plimsoll-worker"),
        (container("app"), &[], "?"),
    ] {
        assert_eq!(outline(app, annotations, &settings), expected);
    }
}

#[test]
fn frameworks_are_understood() {
    let app = || container("app");
    for (app, expected) in [
        (app().image("mcr.microsoft.com/dotnet/aspnet:8.0"), "30s default of .NET"),
        (app().image("mcr.microsoft.com/dotnet/aspnet:5.0"), "5s default of .NET Core"),
        (app().image("mcr.microsoft.com/dotnet/core/aspnet:3.1"), "5s default of .NET Core"),
        (app().command(&["dotnet", "app.dll"]), "30s default of .NET"),
        (app().env("ASPNETCORE_URLS", "http://+:8080"), "30s default of .NET"),
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
        (app().env("SERVER_SHUTDOWN", "graceful"), "30s default of Spring Boot"),
        (
            app().command(&["java", "-jar", "a.jar", "--spring.lifecycle.timeout-per-shutdown-phase=1m"]),
            "60s --spring.lifecycle.timeout-per-shutdown-phase",
        ),
        (
            app().env("JAVA_TOOL_OPTIONS", "-Xmx1g -Dspring.lifecycle.timeout-per-shutdown-phase=40s"),
            "40s -Dspring.lifecycle.timeout-per-shutdown-phase",
        ),
        (app().env_from_elsewhere("JAVA_TOOL_OPTIONS").env("QUARKUS_HTTP_PORT", "80"), "0s default of Quarkus"),
        (app().env("JAVA_TOOL_OPTIONS", "-Xmx1g"), "?"),
        (app().env("QUARKUS_SHUTDOWN_TIMEOUT", "40"), "40s QUARKUS_SHUTDOWN_TIMEOUT"),
        (app().command(&["bundle", "exec", "sidekiq"]), "25s default of Sidekiq"),
        (app().command(&["bundle", "exec", "sidekiq", "-t", "40"]), "40s -t"),
        (app().args(&["sidekiq", "-t40"]), "40s -t"),
        (app().args(&["sidekiq", "--timeout=40", "-c", "5"]), "40s --timeout"),
        (app().args(&["sidekiq", "-C", "config/sidekiq.yml"]), "?"),
        (app().args(&["timeout", "-t", "9", "sidekiq"]), "25s default of Sidekiq"),
        (app().command(&["gunicorn", "app:app"]), "30s default of gunicorn"),
        (app().command(&["python", "-m", "gunicorn", "--graceful-timeout=60", "a:a"]), "60s --graceful-timeout"),
        (app().command(&["gunicorn", "-c", "conf.py", "a:a"]), "?"),
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
        (app().image("gcr.io/cloudsql-docker/gce-proxy:1.33.0").args(&["-term_timeout=20s"]), "20s -term_timeout"),
        (
            app().image("gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0").args(&["--max-sigterm-delay", "20s"]),
            "20s --max-sigterm-delay",
        ),
        (app().image("cloud-sql-proxy:2.14.0"), "0s default of Cloud SQL proxy 2"),
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
fn a_default_that_env_from_may_change_is_only_inferred() {
    let app = container("app").image("mcr.microsoft.com/dotnet/aspnet:8.0").env_from();
    assert_eq!(plain(app), "30s default of .NET, inferred");
    let sidekiq = container("app").command(&["sidekiq"]).env_from();
    assert_eq!(plain(sidekiq), "25s default of Sidekiq");
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
    assert_eq!(outline(app(), &[], &settings), "7s default of puma");
    assert_eq!(outline(app().env("DRAIN_MS", "9000"), &[], &settings), "9s DRAIN_MS");
    assert_eq!(outline(app().command(&["puma", "--drain", "8000"]), &[], &settings), "8s --drain");
    assert_eq!(outline(container("app").image("acme/web:1.0.0"), &[], &settings), "?");
}
