//! The built-in rows.
//!
//! Every number here was read in the framework's documentation or source, which the row names.

use super::{Detector, Need, Subcommand, Texts::BuiltIn};
use crate::unit::Unit;
use plimsoll_policy::Duration;

pub(super) const NONE: Detector<'static> = Detector {
    name: "",
    programs: BuiltIn(&[]),
    subcommand: None,
    with: BuiltIn(&[]),
    images: BuiltIn(&[]),
    other_images: BuiltIn(&[]),
    environment: BuiltIn(&[]),
    telling_flags: false,
    hosts: BuiltIn(&[]),
    flags: BuiltIn(&[]),
    flag_variables: BuiltIn(&[]),
    variables: BuiltIn(&[]),
    any_case: false,
    sum: &[],
    delays: BuiltIn(&[]),
    unit: Unit::WithUnit,
    default: None,
    default_needs: None,
    services_only: false,
    file_flags: BuiltIn(&[]),
    file_variables: BuiltIn(&[]),
    obstacles: &[],
    since: "",
    source: "",
};

/// The options of the JVM that every Java program reads.
const JVM_OPTIONS: super::Texts<'static> = BuiltIn(&["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"]);

/// The built-in rows. Of several that recognise a container, the first that says something counts.
pub(crate) static DETECTORS: [Detector<'static>; 15] = [
    Detector {
        name: "plimsoll-worker",
        programs: BuiltIn(&["plimsoll-worker"]),
        images: BuiltIn(&["plimsoll-worker"]),
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
        services_only: true,
        since: "before .NET 6",
        source: "dotnet/runtime#63709",
        ..NONE
    },
    Detector {
        name: ".NET",
        programs: BuiltIn(&["dotnet"]),
        subcommand: Some(Subcommand {
            names: &["*.dll", "exec", "run"],
            valued: &[
                "--additionalprobingpath",
                "--additional-deps",
                "--depsfile",
                "--runtimeconfig",
                "--roll-forward",
                "--fx-version",
            ],
        }),
        images: BuiltIn(&["mcr.microsoft.com/dotnet/*"]),
        other_images: BuiltIn(&["mcr.microsoft.com/dotnet/framework/*"]),
        environment: BuiltIn(&["DOTNET_", "ASPNETCORE_"]),
        variables: BuiltIn(&["DOTNET_SHUTDOWNTIMEOUTSECONDS", "ASPNETCORE_SHUTDOWNTIMEOUTSECONDS"]),
        any_case: true,
        unit: Unit::WholeSeconds,
        default: Some(Duration::seconds(30)),
        services_only: true,
        since: ".NET 6",
        source: "dotnet/runtime, HostOptions.cs; dotnet/runtime#63712",
        ..NONE
    },
    Detector {
        name: ".NET, section HostOptions",
        environment: BuiltIn(&["HostOptions__", "DOTNET_HostOptions__", "ASPNETCORE_HostOptions__"]),
        hosts: BuiltIn(&["dotnet"]),
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
        hosts: BuiltIn(&["java"]),
        flags: BuiltIn(&[
            "--spring.lifecycle.timeout-per-shutdown-phase",
            "-Dspring.lifecycle.timeout-per-shutdown-phase",
        ]),
        flag_variables: JVM_OPTIONS,
        variables: BuiltIn(&[
            "SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE",
            "SPRING_LIFECYCLE_TIMEOUTPERSHUTDOWNPHASE",
            "spring.lifecycle.timeout-per-shutdown-phase",
        ]),
        unit: Unit::Spring,
        default: Some(Duration::seconds(30)),
        default_needs: Some(Need {
            variable: "SERVER_SHUTDOWN",
            flags: &["--server.shutdown", "-Dserver.shutdown"],
            value: "graceful",
        }),
        file_flags: BuiltIn(&["--spring.config.", "-Dspring.config.", "--spring.application.json"]),
        file_variables: BuiltIn(&["SPRING_CONFIG_", "SPRING_APPLICATION_JSON"]),
        obstacles: &[("SPRING_APPLICATION_JSON", "shutdown", "`SPRING_APPLICATION_JSON` wins over other variables")],
        since: "2.3; for each phase",
        source: "spring-boot, LifecycleProperties.java",
        ..NONE
    },
    Detector {
        name: "Quarkus",
        environment: BuiltIn(&["QUARKUS_", "quarkus."]),
        telling_flags: true,
        hosts: BuiltIn(&["java"]),
        flags: BuiltIn(&["-Dquarkus.shutdown.timeout"]),
        flag_variables: JVM_OPTIONS,
        variables: BuiltIn(&["QUARKUS_SHUTDOWN_TIMEOUT", "quarkus.shutdown.timeout"]),
        delays: BuiltIn(&["QUARKUS_SHUTDOWN_DELAY", "quarkus.shutdown.delay"]),
        unit: Unit::Quarkus,
        default: Some(Duration::ZERO),
        file_flags: BuiltIn(&["-Dquarkus.config.locations", "-Dsmallrye.config.locations"]),
        file_variables: BuiltIn(&["QUARKUS_CONFIG_LOCATIONS", "SMALLRYE_CONFIG_LOCATIONS"]),
        source: "quarkus, ShutdownConfig.java, ShutdownBuildTimeConfig.java, DurationConverter.java",
        ..NONE
    },
    Detector {
        name: "Micronaut",
        environment: BuiltIn(&["MICRONAUT_"]),
        telling_flags: true,
        hosts: BuiltIn(&["java"]),
        flags: BuiltIn(&["-Dmicronaut.lifecycle.graceful-shutdown.grace-period"]),
        flag_variables: JVM_OPTIONS,
        variables: BuiltIn(&["MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_GRACE_PERIOD"]),
        unit: Unit::UnitOrIso,
        default: Some(Duration::seconds(15)),
        default_needs: Some(Need {
            variable: "MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_ENABLED",
            flags: &["-Dmicronaut.lifecycle.graceful-shutdown.enabled"],
            value: "true",
        }),
        file_flags: BuiltIn(&["-Dmicronaut.config.files"]),
        file_variables: BuiltIn(&["MICRONAUT_CONFIG_FILES"]),
        since: "4.9",
        source: "micronaut-core, GracefulShutdownConfiguration.java",
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
        programs: BuiltIn(&["gunicorn", "gunicorn.app.wsgiapp"]),
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
        subcommand: Some(Subcommand {
            names: &["worker"],
            valued: &["-A", "--app", "-b", "--broker", "--result-backend", "--loader", "--config", "--workdir"],
        }),
        flags: BuiltIn(&["--time-limit"]),
        unit: Unit::Seconds,
        obstacles: &[(
            "REMAP_SIGTERM",
            "sigquit",
            "`REMAP_SIGTERM` turns SIGTERM into a stop that does not wait for tasks",
        )],
        source: "celery 5.7, bin/worker.py, apps/worker.py",
        ..NONE
    },
    Detector {
        name: "Resque",
        environment: BuiltIn(&["RESQUE_TERM_TIMEOUT", "RESQUE_PRE_SHUTDOWN_TIMEOUT"]),
        hosts: BuiltIn(&["rake", "rails", "resque"]),
        sum: &[("RESQUE_PRE_SHUTDOWN_TIMEOUT", Duration::ZERO), ("RESQUE_TERM_TIMEOUT", Duration::seconds(4))],
        unit: Unit::Seconds,
        obstacles: &[("GRACEFUL_TERM", "", "`GRACEFUL_TERM` lets a job run to its end, however long")],
        source: "resque 2, lib/resque/worker.rb",
        ..NONE
    },
    Detector {
        name: "controller-runtime",
        programs: BuiltIn(&["manager"]),
        with: BuiltIn(&["--leader-elect", "--enable-leader-election"]),
        default: Some(Duration::seconds(30)),
        source: "controller-runtime 0.21, pkg/manager/internal.go",
        ..NONE
    },
    Detector {
        name: "Cloud SQL proxy 1",
        programs: BuiltIn(&["cloud_sql_proxy"]),
        images: BuiltIn(&["gce-proxy"]),
        flags: BuiltIn(&["-term_timeout", "--term_timeout"]),
        default: Some(Duration::ZERO),
        since: "1.13",
        source: "cloudsql-proxy 1.33, cloud_sql_proxy.go",
        ..NONE
    },
    Detector {
        name: "Cloud SQL proxy 2",
        programs: BuiltIn(&["cloud-sql-proxy"]),
        images: BuiltIn(&["cloud-sql-proxy"]),
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
