//! The webhook and the worker as pods of a real cluster, seen by the people who meet them: `make e2e` runs this inside
//! `tests/cluster/cluster run`. One installation of the webhook is shared; each test has a namespace of its own, and a
//! test that touches that installation has it alone.

mod added_latency;
mod audit;
mod certificates;
mod control_plane;
mod doctor;
mod exceptions;
mod kinds;
mod outages;
mod reality;
mod refusals;
mod releases;
mod rollouts;
mod support;
mod updates;
mod workers;
