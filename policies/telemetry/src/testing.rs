//! Containers with variables, for the tests of this crate.

use plimsoll_policy::{
    testing::container,
    workload::{Container, EnvVar},
};

/// An application that exports to this endpoint.
pub(crate) fn exporting(endpoint: &str) -> Container {
    with(container("app"), &[("OTEL_EXPORTER_OTLP_ENDPOINT", Some(endpoint))])
}

/// A container with further variables; without a value: from elsewhere.
pub(crate) fn with(mut container: Container, variables: &[(&str, Option<&str>)]) -> Container {
    let variables =
        variables.iter().map(|(name, value)| EnvVar { name: (*name).to_owned(), value: value.map(str::to_owned) });
    container.env.extend(variables);
    container
}
