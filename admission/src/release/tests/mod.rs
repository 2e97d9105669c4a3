//! Each rule of the verdict, in few words; and a model of the controllers that holds the verdict to what is true.

mod build;
mod model;
mod rules;
