//! Which image a reference names, as far as recognising a framework needs it.

use plimsoll_policy::{glob, image::Parts};

/// Whether a pattern names the image. `*` stands for any text. A pattern with a tag is held against the tag as well,
/// and one without a slash against the last part of the name only.
pub(crate) fn matches(pattern: &str, image: &str) -> bool {
    let (pattern, image) = (Parts::of(pattern), Parts::of(image));
    let name = if pattern.name.contains('/') { image.name } else { image.base_name() };
    let tag_fits = |wanted| image.tag.is_some_and(|tag| glob::matches(wanted, tag));
    glob::matches(pattern.name, name) && pattern.tag.is_none_or(tag_fits)
}

/// Whether `sh` of the image is busybox: the base of Alpine.
pub(crate) fn has_busybox(image: &str) -> bool {
    let image = Parts::of(image);
    let alpine_tag = |tag: &str| tag.split(['-', '_']).any(|token| token.trim_end_matches(VERSION) == "alpine");
    matches!(image.base_name(), "busybox" | "alpine") || image.tag.is_some_and(alpine_tag)
}

const VERSION: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_images() {
        for (pattern, image, matched) in [
            ("mcr.microsoft.com/dotnet/*", "mcr.microsoft.com/dotnet/aspnet:8.0", true),
            ("mcr.microsoft.com/dotnet/*", "mcr.microsoft.com/powershell:7", false),
            ("mcr.microsoft.com/dotnet/*:5.*", "mcr.microsoft.com/dotnet/aspnet:5.0", true),
            ("mcr.microsoft.com/dotnet/*:5.*", "mcr.microsoft.com/dotnet/aspnet:8.0", false),
            ("mcr.microsoft.com/dotnet/*:5.*", "mcr.microsoft.com/dotnet/aspnet", false),
            ("plimsoll-worker", "registry:5000/acme/plimsoll-worker", true),
            ("plimsoll-worker", "plimsoll-worker:1.2.3@sha256:0123", true),
            ("plimsoll-worker", "plimsoll-worker/web:1.2.3", false),
            ("a*b*c", "abxbc", true),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(matches(pattern, image), matched, "{pattern} {image}");
        }
    }

    #[test]
    fn sh_is_busybox_where_the_image_is_built_on_alpine() {
        for (image, busybox) in [
            ("busybox:1.36", true),
            ("docker.io/library/alpine:3.20", true),
            ("python:3.12-alpine3.20", true),
            ("nginx:1.27.3-alpine", true),
            ("debian:12", false),
            ("acme/alpine-linux-fan:1.0.0", false),
            ("acme/app", false),
        ] {
            assert_eq!(has_busybox(image), busybox, "{image}");
        }
    }
}
