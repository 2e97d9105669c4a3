//! `plimsoll.yaml`.
