//! What the tests know of the cluster.

mod command;
mod fleet;
mod installation;
mod namespace;
mod pods;
mod replicas;
mod traffic;

pub(crate) use command::{Seen, eventually, kubectl, number, run};
pub(crate) use fleet::Fleet;
pub(crate) use installation::{Alone, RELEASE, alone, shared};
pub(crate) use namespace::Namespace;
pub(crate) use pods::{Pods, container};
pub(crate) use replicas::Replicas;
pub(crate) use traffic::{Tally, Traffic, block_on, object};
