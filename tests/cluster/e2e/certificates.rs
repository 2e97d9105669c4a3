//! The certificates that the webhook makes for itself.
