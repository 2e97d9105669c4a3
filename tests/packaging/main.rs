//! How people get the program: completions, man pages, and what a release is made of.

mod action;
mod generated;
mod gitlab;
mod krew;
mod release;
mod wheel;
