//! The built-in rows.
//!
//! Every number here was read in the framework's documentation or source, which the row names.

use super::{Detector, Texts::BuiltIn};
use crate::unit::Unit;
use plimsoll_policy::Duration;

pub(super) const NONE: Detector<'static> = Detector {
    name: "",
    images: BuiltIn(&[]),
    programs: BuiltIn(&[]),
    with: BuiltIn(&[]),
    environment: BuiltIn(&[]),
    telling_flags: false,
    flags: BuiltIn(&[]),
    flag_variables: BuiltIn(&[]),
    variables: BuiltIn(&[]),
    any_case: false,
    sum: &[],
    unit: Unit::WithUnit,
    default: None,
    default_needs: None,
    file_flags: BuiltIn(&[]),
    inferred: false,
    since: "",
    source: "",
};

/// The built-in rows. Of several that recognise a container, the first that says something counts.
pub(crate) static DETECTORS: [Detector<'static>; 14] = [
    Detector {
        name: "plimsoll-worker",
        images: BuiltIn(&["plimsoll-worker"]),
        programs: BuiltIn(&["plimsoll-worker"]),
        flags: BuiltIn(&["--shutdown-timeout"]),
        variables: BuiltIn(&["WORKER_SHUTDOWN_TIMEOUT"]),
        default: Some(Duration::seconds(15)),
        source: "this project's `worker/`",
        ..NONE
    },
    Detector {
        name: ".NET Core",
        images: BuiltIn(&["mcr.microsoft.com/dotnet/core/*", "mcr.microsoft.com/dotnet/*:5.*"]),
        default: Some(Duration::seconds(5)),
        since: "before .NET 6",
        source: "dotnet/runtime#63709",
        ..NONE
    },
    Detector {
        name: ".NET",
        images: BuiltIn(&["mcr.microsoft.com/dotnet/*"]),
        programs: BuiltIn(&["dotnet"]),
        environment: BuiltIn(&["DOTNET_", "ASPNETCORE_"]),
        variables: BuiltIn(&["DOTNET_SHUTDOWNTIMEOUTSECONDS", "ASPNETCORE_SHUTDOWNTIMEOUTSECONDS"]),
        any_case: true,
        unit: Unit::WholeSeconds,
        default: Some(Duration::seconds(30)),
        since: ".NET 6",
        source: "dotnet/runtime, HostOptions.cs; dotnet/runtime#63712",
        ..NONE
    },
    Detector {
        name: ".NET, section HostOptions",
        environment: BuiltIn(&["HostOptions__", "DOTNET_HostOptions__", "ASPNETCORE_HostOptions__"]),
        variables: BuiltIn(&[
            "HostOptions__ShutdownTimeout",
            "DOTNET_HostOptions__ShutdownTimeout",
            "ASPNETCORE_HostOptions__ShutdownTimeout",
        ]),
        any_case: true,
        unit: Unit::TimeSpan,
        source: "convention: `Configure<HostOptions>(configuration.GetSection(\"HostOptions\"))`",
        ..NONE
    },
    Detector {
        name: "Spring Boot",
        environment: BuiltIn(&["SPRING_", "spring.", "SERVER_SHUTDOWN"]),
        telling_flags: true,
        flags: BuiltIn(&[
            "--spring.lifecycle.timeout-per-shutdown-phase",
            "-Dspring.lifecycle.timeout-per-shutdown-phase",
        ]),
        flag_variables: BuiltIn(&["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"]),
        variables: BuiltIn(&[
            "SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE",
            "SPRING_LIFECYCLE_TIMEOUTPERSHUTDOWNPHASE",
        ]),
        unit: Unit::Spring,
        default: Some(Duration::seconds(30)),
        default_needs: Some(("SERVER_SHUTDOWN", "graceful")),
        since: "2.3; for each phase",
        source: "spring-boot, LifecycleProperties.java",
        ..NONE
    },
    Detector {
        name: "Quarkus",
        environment: BuiltIn(&["QUARKUS_"]),
        telling_flags: true,
        flags: BuiltIn(&["-Dquarkus.shutdown.timeout"]),
        flag_variables: BuiltIn(&["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"]),
        variables: BuiltIn(&["QUARKUS_SHUTDOWN_TIMEOUT"]),
        unit: Unit::Quarkus,
        default: Some(Duration::ZERO),
        source: "quarkus, ShutdownConfig.java, DurationConverter.java",
        ..NONE
    },
    Detector {
        name: "Sidekiq",
        programs: BuiltIn(&["sidekiq", "sidekiqswarm"]),
        flags: BuiltIn(&["-t", "--timeout"]),
        unit: Unit::WholeSeconds,
        default: Some(Duration::seconds(25)),
        file_flags: BuiltIn(&["-C", "--config"]),
        since: "6",
        source: "sidekiq, lib/sidekiq/config.rb",
        ..NONE
    },
    Detector {
        name: "gunicorn",
        programs: BuiltIn(&["gunicorn"]),
        environment: BuiltIn(&["GUNICORN_CMD_ARGS"]),
        flags: BuiltIn(&["--graceful-timeout"]),
        flag_variables: BuiltIn(&["GUNICORN_CMD_ARGS"]),
        unit: Unit::WholeSeconds,
        default: Some(Duration::seconds(30)),
        file_flags: BuiltIn(&["-c", "--config"]),
        source: "gunicorn 27, config.py, arbiter.py",
        ..NONE
    },
    Detector {
        name: "uvicorn",
        programs: BuiltIn(&["uvicorn"]),
        environment: BuiltIn(&["UVICORN_"]),
        flags: BuiltIn(&["--timeout-graceful-shutdown"]),
        variables: BuiltIn(&["UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN"]),
        unit: Unit::WholeSeconds,
        since: "0.22",
        source: "uvicorn 0.54, main.py, server.py",
        ..NONE
    },
    Detector {
        name: "Celery worker",
        programs: BuiltIn(&["celery"]),
        with: BuiltIn(&["worker"]),
        flags: BuiltIn(&["--time-limit"]),
        unit: Unit::Seconds,
        source: "celery 5.7, bin/worker.py, apps/worker.py",
        ..NONE
    },
    Detector {
        name: "Resque",
        environment: BuiltIn(&["RESQUE_TERM_TIMEOUT", "RESQUE_PRE_SHUTDOWN_TIMEOUT"]),
        sum: &[("RESQUE_PRE_SHUTDOWN_TIMEOUT", Duration::ZERO), ("RESQUE_TERM_TIMEOUT", Duration::seconds(4))],
        unit: Unit::Seconds,
        source: "resque 2, lib/resque/worker.rb",
        ..NONE
    },
    Detector {
        name: "controller-runtime",
        programs: BuiltIn(&["manager"]),
        with: BuiltIn(&["--leader-elect", "--enable-leader-election"]),
        default: Some(Duration::seconds(30)),
        inferred: true,
        source: "controller-runtime 0.21, pkg/manager/internal.go",
        ..NONE
    },
    Detector {
        name: "Cloud SQL proxy 1",
        images: BuiltIn(&["gce-proxy"]),
        programs: BuiltIn(&["cloud_sql_proxy"]),
        flags: BuiltIn(&["-term_timeout", "--term_timeout"]),
        default: Some(Duration::ZERO),
        since: "1.13",
        source: "cloudsql-proxy 1.33, cloud_sql_proxy.go",
        ..NONE
    },
    Detector {
        name: "Cloud SQL proxy 2",
        images: BuiltIn(&["cloud-sql-proxy"]),
        programs: BuiltIn(&["cloud-sql-proxy"]),
        environment: BuiltIn(&["CSQL_PROXY_"]),
        flags: BuiltIn(&["--max-sigterm-delay"]),
        variables: BuiltIn(&["CSQL_PROXY_MAX_SIGTERM_DELAY"]),
        default: Some(Duration::ZERO),
        file_flags: BuiltIn(&["--config-file"]),
        source: "cloud-sql-proxy, docs/cmd/cloud-sql-proxy.md",
        ..NONE
    },
];

/// Variables that any application may read; only a value with a unit says something.
pub(crate) const GENERIC: [&str; 3] = ["SHUTDOWN_TIMEOUT", "GRACEFUL_SHUTDOWN_TIMEOUT", "GRACEFUL_TERMINATION_TIMEOUT"];
