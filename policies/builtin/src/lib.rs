//! All built-in policies as one WebAssembly module: one instance judges an object against all of them.

plimsoll_policy::export!(
    plimsoll_grace_period::GracePeriod,
    plimsoll_image_pull::ImagePull,
    plimsoll_jobs::Jobs,
    plimsoll_probes::Probes,
    plimsoll_rollout::Rollout,
    plimsoll_telemetry::Telemetry,
);
