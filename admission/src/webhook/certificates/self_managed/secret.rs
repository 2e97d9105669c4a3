//! The authority in its Secret. Whoever writes says which version was read, so that of two writers one wins.

use super::authority::{Authority, Pair};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use std::collections::BTreeMap;

/// Put on the Secret by somebody who wants a new CA now: `kubectl annotate secret … plimsoll.dev/rotate=now`.
const ROTATE: &str = "plimsoll.dev/rotate";

const OLD: &str = "old-ca.crt";

/// Where an authority is kept.
pub(super) struct Store {
    api: Api<Secret>,
    name: String,
}

/// What is kept, and which version of it.
pub(super) struct Kept {
    /// None where the Secret is there, but is not one of ours, or is garbled.
    pub(super) authority: Option<Authority>,
    /// Somebody wants a new CA.
    pub(super) rotate: bool,
    secret: Secret,
}

impl Store {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        Store { api: Api::namespaced(client, namespace), name: name.to_owned() }
    }

    /// None where there is no such Secret.
    pub(super) async fn read(&self) -> kube::Result<Option<Kept>> {
        let Some(secret) = self.api.get_opt(&self.name).await? else { return Ok(None) };
        let rotate = secret.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(ROTATE));
        Ok(Some(Kept { authority: secret.data.as_ref().and_then(unpack), rotate, secret }))
    }

    /// Writes over what was read. An error where somebody else wrote in between; read again then.
    pub(super) async fn write(&self, authority: &Authority, over: Option<Kept>) -> kube::Result<()> {
        let data = Some(pack(authority));
        match over {
            None => {
                let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
                let secret =
                    Secret { metadata, data, type_: Some("kubernetes.io/tls".to_owned()), ..Secret::default() };
                self.api.create(&PostParams::default(), &secret).await?;
            }
            Some(Kept { mut secret, .. }) => {
                if let Some(annotations) = &mut secret.metadata.annotations {
                    annotations.remove(ROTATE);
                }
                secret.data = data;
                self.api.replace(&self.name, &PostParams::default(), &secret).await?;
            }
        }
        Ok(())
    }
}

fn pack(authority: &Authority) -> BTreeMap<String, ByteString> {
    let Authority { ca, leaf, old } = authority;
    let entries = [
        ("tls.crt", leaf.certificate.clone()),
        ("tls.key", leaf.key.clone()),
        ("ca.crt", ca.certificate.clone()),
        ("ca.key", ca.key.clone()),
        (OLD, old.concat()),
    ];
    entries.map(|(name, text)| (name.to_owned(), ByteString(text.into_bytes()))).into()
}

fn unpack(data: &BTreeMap<String, ByteString>) -> Option<Authority> {
    let text = |name: &str| String::from_utf8(data.get(name)?.0.clone()).ok();
    let pair = |certificate, key| Some(Pair { certificate: text(certificate)?, key: text(key)? });
    let old = text(OLD).map(|pem| super::bundle::split(&pem)).unwrap_or_default();
    Some(Authority { ca: pair("ca.crt", "ca.key")?, leaf: pair("tls.crt", "tls.key")?, old })
}
