//! Which image a reference names, as far as recognising a framework needs it.

/// Whether a pattern names the image. `*` stands for any text. A pattern with a tag is held against the tag as well,
/// and one without a slash against the last part of the name only.
pub(crate) fn matches(pattern: &str, image: &str) -> bool {
    let (repository, tag) = split(image);
    let repository = if pattern.contains('/') { repository } else { last_part(repository) };
    match split(pattern) {
        (name, Some(tag_pattern)) => glob(name, repository) && tag.is_some_and(|tag| glob(tag_pattern, tag)),
        (name, None) => glob(name, repository),
    }
}

/// Whether `sh` of the image is busybox: the base of Alpine.
pub(crate) fn has_busybox(image: &str) -> bool {
    let (repository, tag) = split(image);
    let alpine_tag = |tag: &str| tag.split(['-', '_']).any(|token| token.trim_end_matches(VERSION) == "alpine");
    matches!(last_part(repository), "busybox" | "alpine") || tag.is_some_and(alpine_tag)
}

const VERSION: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.'];

/// Name and tag of a reference, without its digest.
fn split(image: &str) -> (&str, Option<&str>) {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

fn last_part(repository: &str) -> &str {
    repository.rsplit('/').next().unwrap_or(repository)
}

fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(tail)
}

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
