//! The release monitor: is a release finished, has it failed and why, or what is it stuck on?
//!
//! The core is pure: [`observed`] makes small views of objects, [`world`] remembers them and since when what is so, [`plan`]
//! says what belongs to the release and what waits for what, and [`verdict`] judges all of it at one moment. Around it,
//! `watch` hears of objects from the API server, and [`report`] tells people. Nothing here knows policies.

pub mod bounds;
pub mod causes;
mod helm_secret;
pub mod manifest;
pub mod name;
pub mod observed;
pub mod part;
pub mod plan;
pub mod record;
pub mod report;
#[cfg(test)]
mod tests;
mod trouble;
pub mod verdict;
pub mod watch;
pub mod world;
