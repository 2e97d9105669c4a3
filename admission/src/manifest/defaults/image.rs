//! The pull policy that an image reference implies.

use plimsoll_policy::image::Parts;

/// Always for the tag `latest` or none at all, unless a digest pins the image. A tag beside a digest counts first.
pub(super) fn default_pull_policy(image: &str) -> &'static str {
    match Parts::of(image) {
        Parts { tag: Some("latest"), .. } | Parts { tag: None, digest: None, .. } => "Always",
        _ => "IfNotPresent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_latest_and_unpinned_images_are_always_pulled() {
        const DIGEST: &str = "@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("registry:5000/app", "Always"),
            ("registry:5000/app:latest", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("registry:5000/app:v1", "IfNotPresent"),
        ] {
            assert_eq!(default_pull_policy(image), policy, "{image}");
        }
        assert_eq!(default_pull_policy(&format!("nginx{DIGEST}")), "IfNotPresent");
        assert_eq!(default_pull_policy(&format!("registry:5000/app{DIGEST}")), "IfNotPresent");
        assert_eq!(default_pull_policy(&format!("nginx:1.27{DIGEST}")), "IfNotPresent");
        assert_eq!(default_pull_policy(&format!("nginx:latest{DIGEST}")), "Always");
    }
}
