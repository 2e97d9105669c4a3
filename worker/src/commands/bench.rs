//! `bench`
use crate::{engine::Address, exit::Exit};
use anyhow::Result;
use clap::Args;

#[derive(Args)]
pub(crate) struct Bench {}

impl Bench {
    pub(crate) fn run(&self, _: &Address) -> Result<Exit> {
        Ok(Exit::Clean)
    }
}
