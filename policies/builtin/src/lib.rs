//! All built-in policies as one WebAssembly module: one instance judges an object against all of them.
#![allow(unsafe_code, reason = "the generated exports")]

plimsoll_policy::export!(
    plimsoll_grace_period::GracePeriod,
    plimsoll_image_pull::ImagePull,
    plimsoll_probes::Probes,
);
