//! Image references, read as the kubelet reads them.
//!
//! The grammar is that of `ParseNormalizedNamed` in `github.com/distribution/reference` v0.6.0, which the kubelet
//! calls on every image:
//!
//! ```text
//! reference  = name [ ":" tag ] [ "@" digest ]
//! name       = [ domain "/" ] path
//! domain     = host [ ":" digits ]          the first part of a name with a `/`, if it is `localhost` or has
//!                                           a `.`, a `:` or an upper-case letter
//! host       = label { "." label } | "[" hex digits and colons "]"
//! label      = letters, digits, and `-` between them
//! path       = component { "/" component }  at most 255 characters
//! component  = alnum { separator alnum }    alnum: lower-case letters and digits
//! separator  = "." | "_" | "__" | "-" { "-" }
//! tag        = 1 to 128 of letters, digits, `_`, `.`, `-`; the first is none of `.`, `-`
//! digest     = "sha256:" 64 hex | "sha384:" 96 hex | "sha512:" 128 hex, all in lower case
//! ```
//!
//! Docker Hub is the default: `nginx`, `library/nginx` and `docker.io/library/nginx` are one repository.
//! `tests/references.tsv` holds the answers of the Go library that this parser must agree with.

use crate::invalid::Invalid;
use plimsoll_policy::image::Parts;

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_LEGACY: &str = "index.docker.io";
/// Where Docker Hub keeps the images that are named without an owner.
const OFFICIAL: &str = "library/";

const MAX_PATH: usize = 255;
const MAX_TAG: usize = 128;
const DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The parts of an image reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// What to pull from where.
    pub(crate) repository: Repository<'a>,
    /// As written.
    pub(crate) tag: Option<&'a str>,
    /// Algorithm and hex digits.
    pub(crate) digest: Option<&'a str>,
}

/// A repository, by the one name that all its spellings have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Repository<'a> {
    /// Host and port; `docker.io` where none is written. Empty where the first part of the name looks like a host,
    /// is none, and is good as a component (`my_registry.com/app`).
    pub(crate) registry: &'a str,
    /// Without `library/` on Docker Hub.
    pub(crate) path: &'a str,
}

impl<'a> Reference<'a> {
    /// Reads an image reference.
    pub(crate) fn parse(image: &'a str) -> Result<Self, Invalid<'a>> {
        refuse_what_is_no_reference(image)?;
        let Parts { name, tag, digest } = Parts::of(image);
        let repository = Repository::parse(name)?;
        tag.map_or(Ok(()), check_tag)?;
        digest.map_or(Ok(()), check_digest)?;
        Ok(Reference { repository, tag, digest })
    }
}

impl<'a> Repository<'a> {
    fn parse(name: &'a str) -> Result<Self, Invalid<'a>> {
        let (registry, path) = match name.split_once('/') {
            Some((DOCKER_HUB_LEGACY, rest)) => (DOCKER_HUB, rest),
            Some((first, rest)) if looks_like_registry(first) && is_domain(first) => (first, rest),
            Some((first, _)) if looks_like_registry(first) => {
                check_path(name).map_err(|_| placeholder_or(Invalid::Registry(first), first))?;
                ("", name)
            }
            _ => (DOCKER_HUB, name),
        };
        check_path(path)?;
        Repository { registry, path }.official()
    }

    /// Leaves `library/` away where it may be left away. It counts for the length, written or not.
    fn official(self) -> Result<Self, Invalid<'a>> {
        let mut path = self.path;
        let mut length = path.len();
        if self.registry == DOCKER_HUB {
            path = path.strip_prefix(OFFICIAL).filter(|rest| !rest.contains('/')).unwrap_or(path);
            length = if path.contains('/') { path.len() } else { OFFICIAL.len() + path.len() };
        }
        if length > MAX_PATH { Err(Invalid::PathLength(length)) } else { Ok(Repository { path, ..self }) }
    }
}

/// What people write by mistake where an image should be: named for what it is, not for its first bad character.
fn refuse_what_is_no_reference(image: &str) -> Result<(), Invalid<'_>> {
    if image.is_empty() {
        return Err(Invalid::Empty);
    }
    if is_placeholder(image) {
        return Err(Invalid::Placeholder);
    }
    if image.contains(char::is_whitespace) {
        return Err(Invalid::WhiteSpace);
    }
    if let Some((scheme, _)) = image.split_once("://") {
        return Err(Invalid::Scheme(scheme));
    }
    if image.len() == 64 && image.bytes().all(is_lower_hex) {
        return Err(Invalid::ImageId);
    }
    Ok(())
}

/// What templating leaves behind: `$(IMAGE)`, `${IMAGE}`, `$IMAGE`, `{{ .Values.image }}`, `{IMAGE}`, `<image>`.
/// None of these characters can be in a reference.
fn is_placeholder(image: &str) -> bool {
    image.contains(['$', '<', '>', '{', '}'])
}

/// Documentation writes what the reader must fill in as `PROJECT_ID`: no host and no repository can be named so.
fn placeholder_or<'a>(invalid: Invalid<'a>, part: &str) -> Invalid<'a> {
    let is_shouted = |word: &str| {
        word.contains('_')
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    if part.split(['-', '.', ':']).any(is_shouted) { Invalid::Placeholder } else { invalid }
}

fn looks_like_registry(first: &str) -> bool {
    first == "localhost" || first.bytes().any(|b| matches!(b, b'.' | b':' | b'A'..=b'Z'))
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        // The last colon of `[::1]` begins no port.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    is_host(host) && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => host.split('.').all(is_label),
    }
}

fn is_label(label: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !label.is_empty() && label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
}

fn check_path(path: &str) -> Result<(), Invalid<'_>> {
    path.split('/').try_for_each(check_component)
}

fn check_component(component: &str) -> Result<(), Invalid<'_>> {
    let is_alnum = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_separator = |run: &[u8]| matches!(run, b"." | b"_" | b"__") || run.iter().all(|b| *b == b'-');
    let bytes = component.as_bytes();
    let ends_are_good = bytes.first().is_some_and(is_alnum) && bytes.last().is_some_and(is_alnum);
    if ends_are_good && bytes.split(is_alnum).all(is_separator) {
        return Ok(());
    }
    Err(match component {
        "" => Invalid::EmptyComponent,
        _ if component.contains(|c: char| c.is_ascii_uppercase()) => {
            placeholder_or(Invalid::UpperCase(component), component)
        }
        _ => Invalid::Component(component),
    })
}

fn check_tag(tag: &str) -> Result<(), Invalid<'_>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match tag.chars().next() {
        None => Err(Invalid::EmptyTag),
        Some(first) if !is_word(first) => Err(Invalid::TagStart(first)),
        _ => match tag.chars().find(|c| !is_word(*c) && !matches!(c, '.' | '-')) {
            Some(bad) => Err(Invalid::TagCharacter(bad)),
            None if tag.len() > MAX_TAG => Err(Invalid::TagLength(tag.len())),
            None => Ok(()),
        },
    }
}

fn check_digest(digest: &str) -> Result<(), Invalid<'_>> {
    let (algorithm, hex) = digest.split_once(':').ok_or(Invalid::DigestAlgorithm(digest))?;
    let (_, wanted) = DIGESTS.iter().find(|(name, _)| *name == algorithm).ok_or(Invalid::DigestAlgorithm(algorithm))?;
    if let Some(bad) = hex.chars().find(|c| !u8::try_from(*c).is_ok_and(is_lower_hex)) {
        return Err(Invalid::DigestCharacter(bad));
    }
    if hex.len() == *wanted {
        Ok(())
    } else {
        Err(Invalid::DigestLength { algorithm, found: hex.len(), wanted: *wanted })
    }
}

fn is_lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
