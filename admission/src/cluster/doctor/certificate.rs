//! Whether the API server trusts the certificate, and for how long.

use super::Remark;
use crate::cluster::{Installation, InstallationNames, verify};
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::time::{Duration, SystemTime};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// Less than this is left where nobody has renewed in time: cert-manager and the webhook itself do at two thirds.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

const RENEW: &str = "see what renews it: cert-manager's Certificate, or the log of the webhook";

/// What is shown counts; where it cannot be seen, what is kept in the Secret.
pub(super) fn is_trusted(
    found: &Installation,
    configuration: &ValidatingWebhookConfiguration,
    names: &InstallationNames,
    now: SystemTime,
) -> Vec<Remark> {
    let shown = found.shown.as_deref().map(|pem| chain(pem.as_bytes())).filter(|chain| !chain.is_empty());
    let kept = kept(found, names);
    let differs = matches!((&shown, &kept), (Some(shown), Ok(kept)) if shown.first() != kept.first());
    let chain = match shown.map_or(kept, Ok) {
        Ok(chain) => chain,
        Err(remark) => return vec![remark],
    };
    let Some((leaf, intermediates)) = chain.split_first() else { return Vec::new() };
    let mut remarks = vec![lasts("the certificate", leaf, now)];
    if differs {
        let text = format!("the webhook shows another certificate than the Secret {} has", names.secret);
        remarks.push(Remark::doubtful(text, "right after a renewal wait a minute; else see the log of the webhook"));
    }
    for webhook in configuration.webhooks.iter().flatten() {
        let bundle = webhook.client_config.ca_bundle.as_ref().map(|bytes| bytes.0.as_slice()).unwrap_or_default();
        let cas = self::chain(bundle);
        let Some(service) = &webhook.client_config.service else { continue };
        let name = format!("{}.{}.svc", service.name, service.namespace);
        remarks.push(chains(leaf, intermediates, &cas, &name, now));
        // During a rotation there are several, and the old one may well end: the last one that ends is what counts.
        if let Some(last) = cas.iter().max_by_key(|ca| end(ca)) {
            remarks.push(lasts("the CA", last, now));
        }
    }
    remarks
}

/// The certificates of the Secret, or what to say where there are none.
fn kept(found: &Installation, names: &InstallationNames) -> Result<Vec<CertificateDer<'static>>, Remark> {
    let InstallationNames { secret: name, namespace, .. } = names;
    let secret = match &found.secret {
        Some(Ok(secret)) => secret,
        Some(Err(why)) => {
            let text = format!("the Secret {name} cannot be read, so its certificate was not checked: {why}");
            return Err(Remark::doubtful(text, "ask an operator who may read it"));
        }
        None => {
            let text = format!("there is no Secret {name} in the namespace {namespace}");
            return Err(Remark::doubtful(text, "give its name with --secret"));
        }
    };
    let pem = secret.data.as_ref().and_then(|data| data.get("tls.crt")).map(|bytes| bytes.0.as_slice());
    match chain(pem.unwrap_or_default()) {
        none if none.is_empty() => {
            Err(Remark::bad(format!("tls.crt of the Secret {name} holds no certificate"), RENEW))
        }
        chain => Ok(chain),
    }
}

fn chain(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

fn chains(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    cas: &[CertificateDer<'_>],
    name: &str,
    now: SystemTime,
) -> Remark {
    let wrong = |why: String| {
        Remark::bad(
            format!("the API server does not trust the certificate as {name}: {why}"),
            "the caBundle must hold the CA of the certificate, and that must name the Service",
        )
    };
    if cas.is_empty() {
        return wrong("the caBundle is empty".to_owned());
    }
    match verify(leaf, intermediates, cas, name, now) {
        Ok(()) => Remark::good(format!("the API server trusts the certificate as {name}")),
        Err(why) => wrong(why),
    }
}

fn lasts(what: &str, certificate: &CertificateDer<'_>, now: SystemTime) -> Remark {
    let Some(end) = end(certificate) else { return Remark::bad(format!("{what} cannot be read"), RENEW) };
    match end.duration_since(now) {
        Err(_) => Remark::bad(format!("{what} has expired"), RENEW),
        Ok(left) if left < SOON => Remark::doubtful(format!("{what} ends in {} days", days(left)), RENEW),
        Ok(left) => Remark::good(format!("{what} holds for another {} days", days(left))),
    }
}

fn days(time: Duration) -> u64 {
    time.as_secs() / (24 * 60 * 60)
}

fn end(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let seconds = certificate.validity().not_after.timestamp().try_into().ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}
