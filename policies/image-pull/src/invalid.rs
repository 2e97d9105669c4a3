//! Why a text is no image reference, and what to write instead.

use crate::quote::Quoted;
use std::fmt;

/// Why a text is no image reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalid<'a> {
    Empty,
    Placeholder,
    WhiteSpace,
    Scheme(&'a str),
    ImageId,
    Registry(&'a str),
    UpperCase(&'a str),
    EmptyComponent,
    Component(&'a str),
    /// In characters, `library/` included.
    PathLength(usize),
    EmptyTag,
    TagStart(char),
    TagCharacter(char),
    TagLength(usize),
    DigestAlgorithm(&'a str),
    DigestCharacter(char),
    DigestLength {
        algorithm: &'a str,
        found: usize,
        wanted: usize,
    },
}

impl Invalid<'_> {
    /// The whole message about an image.
    pub(crate) fn message(&self, image: &str) -> String {
        match self {
            Invalid::Empty => "the image is empty".to_owned(),
            Invalid::Placeholder => format!(
                "{} is an unrendered placeholder: Kubernetes does not replace it, and the kubelet refuses it as it stands",
                Quoted(image)
            ),
            _ => format!("{} is not an image reference: {self}", Quoted(image)),
        }
    }

    /// What to write instead.
    pub(crate) fn help(&self, image: &str) -> String {
        match self {
            Invalid::Placeholder => {
                "fill it in, or render first and scan what comes out: `helm template … | plimsoll scan -`, \
                                     `kustomize build … | plimsoll scan -`, `envsubst < FILE | plimsoll scan -`"
                    .to_owned()
            }
            Invalid::WhiteSpace if is_one_word(image) => format!("write {}", Quoted(image.trim())),
            Invalid::Scheme("ko") => "ko builds it first: `ko resolve -f FILE | plimsoll scan -`".to_owned(),
            Invalid::Scheme(scheme) => format!("write {}", Quoted(&image[scheme.len() + "://".len()..])),
            Invalid::ImageId => "write the repository that the image is pulled from, then its tag or digest".to_owned(),
            Invalid::UpperCase(component) => {
                format!("registries know lower case only: write {}", Quoted(&component.to_ascii_lowercase()))
            }
            Invalid::TagCharacter('+') => {
                "a `+` of semantic versioning has no place in a tag: most builds write `_` or `-` for it".to_owned()
            }
            Invalid::DigestAlgorithm(_) | Invalid::DigestCharacter(_) | Invalid::DigestLength { .. } => {
                "copy the digest whole, as `crane digest IMAGE` prints it: `sha256:` and 64 of `0-9a-f`".to_owned()
            }
            _ => "write `[registry[:port]/]repository[:tag][@sha256:digest]`".to_owned(),
        }
    }
}

/// Whether the white space only surrounds it.
fn is_one_word(image: &str) -> bool {
    image.split_whitespace().count() == 1
}

impl fmt::Display for Invalid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::Empty => write!(f, "it is empty"),
            Invalid::Placeholder => write!(f, "it is an unrendered placeholder"),
            Invalid::WhiteSpace => write!(f, "it has white space in it"),
            Invalid::Scheme(_) => write!(f, "it is a URL; a reference has no scheme"),
            Invalid::ImageId => write!(f, "64 hexadecimal digits alone are an image ID"),
            Invalid::Registry(registry) => write!(f, "{} is not a registry's host and port", Quoted(registry)),
            Invalid::UpperCase(component) => {
                write!(f, "{} in the repository has upper-case letters", Quoted(component))
            }
            Invalid::EmptyComponent => {
                write!(f, "a part of the repository is empty: nothing stands before or after a `/`")
            }
            Invalid::Component(component) => write!(
                f,
                "{} in the repository is not lower-case letters and digits with a `.`, `_`, `__` or dashes between them",
                Quoted(component)
            ),
            Invalid::PathLength(found) => write!(f, "the repository has {found} characters, 255 are the limit"),
            Invalid::EmptyTag => write!(f, "the tag after the `:` is empty"),
            Invalid::TagStart(c) => write!(f, "the tag begins with `{c}`, and must with a letter, a digit or `_`"),
            Invalid::TagCharacter(c) => write!(f, "the tag has a `{c}`; letters, digits, `_`, `.` and `-` are allowed"),
            Invalid::TagLength(found) => write!(f, "the tag has {found} characters, 128 are the limit"),
            Invalid::DigestAlgorithm(found) => {
                write!(f, "the digest begins with {}, and must with `sha256:`, `sha384:` or `sha512:`", Quoted(found))
            }
            Invalid::DigestCharacter(c) => {
                write!(f, "the digest has a `{c}`; lower-case hexadecimal digits are allowed")
            }
            Invalid::DigestLength { algorithm, found, wanted } => {
                write!(f, "the digest has {found} hexadecimal digits, {algorithm} has {wanted}")
            }
        }
    }
}
