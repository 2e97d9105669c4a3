//! How people get the program: completions, man pages, and what a release is made of.

mod generated;
