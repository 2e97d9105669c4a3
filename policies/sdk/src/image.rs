//! The parts of an image reference: the one place that splits them, for the host and for policies.
//!
//! What the parts may hold is not asked here: a reference that does not parse has parts too, and the policy
//! `image-pull` refuses it.

/// The parts of an image reference: `[registry[:port]/]path[:tag][@digest]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Registry and path, without tag and digest.
    pub name: &'a str,
    /// Without the `:`.
    pub tag: Option<&'a str>,
    /// Algorithm and hexadecimal digits, without the `@`.
    pub digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Splits a reference. A `:` before the last `/` begins the registry's port, not a tag.
    pub fn of(image: &'a str) -> Self {
        let (rest, digest) = cut(image, '@');
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (_, tag) = cut(&rest[last..], ':');
        let name = tag.map_or(rest, |tag| &rest[..rest.len() - tag.len() - ":".len()]);
        Parts { name, tag, digest }
    }

    /// The last part of the name: `nginx` for `docker.io/library/nginx:1.27`.
    pub fn base_name(&self) -> &'a str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }

    /// Whether it is a pause image, which holds a pod's namespaces and does nothing else: `pause`, `pause-amd64`, or
    /// Rancher's `mirrored-pause`.
    pub fn is_pause(&self) -> bool {
        let name = self.base_name();
        name == "pause" || name == "mirrored-pause" || name.starts_with("pause-")
    }
}

/// What is before and after the first `separator`.
fn cut(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn a_colon_before_a_slash_begins_a_port() {
        for (image, name, tag, digest) in [
            ("nginx", "nginx", None, None),
            ("nginx:1.27", "nginx", Some("1.27"), None),
            ("registry:5000/app", "registry:5000/app", None, None),
            ("registry:5000/team/app:1.0", "registry:5000/team/app", Some("1.0"), None),
            ("[::1]:5000/app:1.0", "[::1]:5000/app", Some("1.0"), None),
            ("app@sha256:12", "app", None, Some("sha256:12")),
            ("registry:5000/app:1.0@sha256:12", "registry:5000/app", Some("1.0"), Some("sha256:12")),
            // What does not parse has parts too.
            ("app:", "app", Some(""), None),
            ("app:1.0:2", "app", Some("1.0:2"), None),
            ("app@", "app", None, Some("")),
            ("", "", None, None),
        ] {
            assert_eq!(Parts::of(image), Parts { name, tag, digest }, "{image}");
        }
    }

    #[test]
    fn pause_images_are_known_by_their_name() {
        for (image, is_pause) in [
            ("registry.k8s.io/pause:3.10", true),
            ("gcr.io/google_containers/pause-amd64:3.1", true),
            ("rancher/mirrored-pause:3.6", true),
            ("pause@sha256:12", true),
            ("acme/pauser:1.0", false),
            ("pause/app:1.0", false),
        ] {
            assert_eq!(Parts::of(image).is_pause(), is_pause, "{image}");
        }
    }
}
